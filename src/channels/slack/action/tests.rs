//! Payloads as Slack documents them, and others.

use serde_json::json;

use super::*;

fn about() -> About {
    About { call: "0193-a".to_owned(), digest: format!("sha256:{}", "ab".repeat(32)), revision: 3 }
}

fn press(change: impl FnOnce(&mut Value)) -> Value {
    let mut payload = json!({
        "type": "block_actions",
        "user": { "id": "U1", "username": "ada", "team_id": "T1" },
        "team": { "id": "T1", "domain": "acme" },
        "container": { "type": "message", "message_ts": "1700000000.000100", "channel_id": "C1", "is_ephemeral": false },
        "trigger_id": "12.34.ab", "channel": { "id": "C1", "name": "approvals" }, "response_url": "https://hooks.slack.com/x",
        "message": { "type": "message", "text": "x" }, "api_app_id": "A1", "token": "never used",
        "actions": [{ "action_id": "countersign.approve", "block_id": "b", "type": "button",
            "value": about().text(), "action_ts": "1700000001.000200" }],
    });
    change(&mut payload);
    payload
}

fn sent(change: impl FnOnce(&mut Value)) -> Value {
    let kept = Kept { about: about(), channel: "C1".to_owned() };
    let mut payload = json!({
        "type": "view_submission", "user": { "id": "U1", "team_id": "T2" }, "team": { "id": "T1" },
        "view": { "id": "V1", "hash": "h1", "callback_id": "countersign.deny", "private_metadata": kept.text(),
            "state": { "values": { "countersign.words": { "text": { "type": "plain_text_input", "value": "no" } },
                "empty": { "json": { "type": "plain_text_input", "value": null } } } } },
    });
    change(&mut payload);
    payload
}

#[test]
fn a_press_is_read() {
    let Ok(Interaction::Pressed(pressed)) = Interaction::of(press(|_| {})) else { panic!("a press") };
    assert_eq!((pressed.press, &pressed.about, pressed.trigger.as_str()), (Press::Approve, &about(), "12.34.ab"));
    assert_eq!(pressed.place, Spot { channel: "C1".to_owned(), ts: "1700000000.000100".to_owned() });
    assert_eq!(pressed.actor.account(), "slack:T1/U1");
    // NOT-05: the same press has the same key, another has another.
    assert_eq!(pressed.key, "T1/U1/1700000001.000200");
}

#[test]
fn a_window_is_read_and_its_account_is_of_its_own_workspace() {
    let Ok(Interaction::Submitted(submitted)) = Interaction::of(sent(|_| {})) else { panic!("a window") };
    assert_eq!((submitted.press, submitted.kept.channel.as_str()), (Press::Deny, "C1"));
    assert_eq!(submitted.typed["countersign.words"], ("text".to_owned(), "no".to_owned()));
    assert_eq!(submitted.typed["empty"], ("json".to_owned(), String::new()));
    // NOT-06: whoever is a guest from elsewhere is not somebody of this workspace.
    assert_eq!(
        (submitted.actor.account(), submitted.actor.workspace),
        ("slack:T2/U1".to_owned(), Some("T1".to_owned()))
    );
    assert_eq!(submitted.key, "T2/U1/V1/h1");
}

#[test]
fn what_is_none_of_ours_is_left_alone_and_what_is_wrong_is_refused() {
    for other in [
        press(|payload| payload["actions"][0]["action_id"] = json!("countersign.open")),
        press(|payload| payload["actions"][0]["action_id"] = json!("somebody.else")),
        press(|payload| payload["actions"] = json!([])),
        press(|payload| payload["type"] = json!("shortcut")),
        sent(|payload| payload["view"]["callback_id"] = json!("x")),
        sent(|payload| payload["type"] = json!("view_closed")),
    ] {
        assert_eq!(Interaction::of(other.clone()), Ok(Interaction::Other), "{other}");
    }
    for wrong in [
        press(|payload| payload["actions"][0]["value"] = json!("{}")),
        press(|payload| payload["actions"][0]["value"] = json!(r#"{"call":"a b","digest":"x","revision":1}"#)),
        press(|payload| payload["actions"][0]["value"] = Value::Null),
        press(|payload| payload["actions"][0]["action_ts"] = json!("now")),
        press(|payload| payload["user"]["id"] = json!("U1/../U2")),
        press(|payload| payload["user"]["team_id"] = json!("t1")),
        press(|payload| payload["container"]["channel_id"] = json!("<!channel>")),
        press(|payload| drop(payload.as_object_mut().unwrap().remove("container"))),
        press(|payload| drop(payload.as_object_mut().unwrap().remove("user"))),
        sent(|payload| payload["view"]["private_metadata"] = json!("{}")),
        sent(|payload| drop(payload.as_object_mut().unwrap().remove("view"))),
        json!([]),
        json!("block_actions"),
    ] {
        assert!(Interaction::of(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(Interaction::read("{").is_err());
    assert!(Interaction::read(&format!("\"{}\"", "x".repeat(limits::PAYLOAD))).is_err());
}
