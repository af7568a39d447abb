use super::client::Client;
use super::join::{Arrived, Found, LIKENESS_MICROS, Prompted, Reported, by_id, by_likeness, prompt_of};
use super::meta::Named;
use super::report::{Report, Told};
use super::{Intent, Prompt, Provenance, Source, rationale, redact};
use crate::call::caller::{Caller, Person, Proof};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, strict};

fn object(text: &str) -> Object {
    let Value::Object(object) = strict(text.as_bytes(), &Limits::REQUEST).unwrap() else { panic!("{text}") };
    object
}

fn told(client: Client, payload: &str) -> Option<Report> {
    client.read(payload.as_bytes()).unwrap()
}

const ARGUMENTS: &str = r#"{"table":"orders","limit":1}"#;

/// What each client gives its hooks, as their documentation has it: a prompt, then a use of a tool.
fn payloads() -> [(Client, &'static str, &'static str); 6] {
    [
        (
            Client::ClaudeCode,
            include_str!("../../tests/hooks/claude_code_prompt.json"),
            include_str!("../../tests/hooks/claude_code_tool.json"),
        ),
        (
            Client::Codex,
            include_str!("../../tests/hooks/codex_prompt.json"),
            include_str!("../../tests/hooks/codex_tool.json"),
        ),
        (
            Client::Gemini,
            include_str!("../../tests/hooks/gemini_prompt.json"),
            include_str!("../../tests/hooks/gemini_tool.json"),
        ),
        (
            Client::Cursor,
            include_str!("../../tests/hooks/cursor_prompt.json"),
            include_str!("../../tests/hooks/cursor_tool.json"),
        ),
        (
            Client::Vscode,
            include_str!("../../tests/hooks/vscode_prompt.json"),
            include_str!("../../tests/hooks/vscode_tool.json"),
        ),
        // VS Code runs the hooks in Claude Code's settings.
        (
            Client::ClaudeCode,
            include_str!("../../tests/hooks/vscode_prompt.json"),
            include_str!("../../tests/hooks/vscode_tool.json"),
        ),
    ]
}

#[test]
fn every_client_s_own_words_become_the_same_report() {
    // A49
    for (client, prompt, tool) in payloads() {
        let (prompt, tool) = (told(client, prompt).unwrap(), told(client, tool).unwrap());
        let words = "Delete the test orders of last week";
        let digest = Digest::of_bytes("prompt", words.as_bytes());
        assert_eq!(prompt.told, Told::Prompt { digest, text: Some(words.to_owned()) }, "{client:?}");
        let Told::ToolUse { id, tool: name, arguments } = &tool.told else { panic!("{client:?}: {tool:?}") };
        assert_eq!(*arguments, Report::arguments(&object(ARGUMENTS)), "{client:?}");
        assert!(name.ends_with("drop_table"), "{client:?}: {name}");
        assert_eq!(id.is_some(), !matches!(client, Client::Gemini | Client::Cursor), "{client:?}");
        assert_eq!((&prompt.session, &prompt.client), (&tool.session, &tool.client), "{client:?}");
        assert_eq!(Report::read(tool.write().as_bytes()).unwrap(), tool, "{client:?}");
        assert_eq!(Report::read(prompt.write().as_bytes()).unwrap(), prompt, "{client:?}");
    }
}

#[test]
fn what_an_agent_does_with_its_own_tools_is_nobody_s_business() {
    for (client, payload) in [
        (
            Client::ClaudeCode,
            r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"t"}"#,
        ),
        (Client::ClaudeCode, r#"{"session_id":"s","hook_event_name":"Stop","stop_hook_active":true}"#),
        (
            Client::Gemini,
            r#"{"session_id":"s","hook_event_name":"BeforeTool","tool_name":"read_file","tool_input":{}}"#,
        ),
        (Client::Cursor, r#"{"conversation_id":"s","hook_event_name":"beforeShellExecution","command":"ls"}"#),
        (
            Client::Vscode,
            r#"{"sessionId":"s","hookEventName":"PreToolUse","tool_name":"editFiles","tool_input":{},"tool_use_id":"t"}"#,
        ),
    ] {
        assert_eq!(told(client, payload), None, "{payload}");
    }
    for (client, payload) in [
        (Client::ClaudeCode, "{"),
        (Client::ClaudeCode, "[]"),
        (Client::ClaudeCode, r#"{"session_id":"s"}"#),
        (Client::ClaudeCode, r#"{"session_id":"s","hook_event_name":"UserPromptSubmit"}"#),
        (Client::Codex, r#"{"hook_event_name":"UserPromptSubmit","prompt":"p"}"#),
        (
            Client::Cursor,
            r#"{"conversation_id":"s","hook_event_name":"beforeMCPExecution","tool_name":"t","tool_input":"[1]"}"#,
        ),
        (
            Client::Codex,
            r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"mcp__a__b","tool_input":{"a":1,"a":2}}"#,
        ),
    ] {
        assert!(client.read(payload.as_bytes()).is_err(), "{payload}");
    }
}

#[test]
fn a_report_has_one_form() {
    let good = r#"{"client":"my-agent","session":"s","tool_use":{"id":"t","tool":"echo","arguments":{"a":1.0}}}"#;
    let Told::ToolUse { arguments, .. } = Report::read(good.as_bytes()).unwrap().told else { panic!() };
    assert_eq!(arguments, Report::arguments(&object(r#"{"a":1}"#)), "numbers have one form");
    for bad in [
        "",
        "{}",
        r#"{"client":"a","session":"s"}"#,
        r#"{"client":"A B","session":"s","prompt":{"text":"p"}}"#,
        r#"{"client":"a","session":"","prompt":{"text":"p"}}"#,
        "{\"client\":\"a\",\"session\":\"\u{202e}\",\"prompt\":{\"text\":\"p\"}}",
        r#"{"client":"a","session":"s","prompt":{}}"#,
        r#"{"client":"a","session":"s","prompt":{"text":"p"},"tool_use":{"tool":"t","arguments":{}}}"#,
        r#"{"client":"a","session":"s","prompt":{"text":"p"},"provenance":"observed"}"#,
        r#"{"client":"a","session":"s","tool_use":{"tool":"t"}}"#,
        r#"{"client":"a","session":"s","tool_use":{"tool":"t","arguments":{},"arguments":{"a":1}}}"#,
        r#"{"client":"a","session":"s","tool_use":{"tool":"t","arguments":{},"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}"#,
    ] {
        assert!(Report::read(bad.as_bytes()).is_err(), "{bad}");
    }
}

fn reported(tool: &str, arguments: &str, at: i64) -> Reported {
    Reported {
        by: "d1".into(),
        device: Some("laptop-7".into()),
        principals: vec!["os:ada".into()],
        client: "claude-code".into(),
        session: "s1".into(),
        turn: None,
        model: None,
        tool_use: Some("toolu_1".into()),
        tool: tool.into(),
        arguments: Report::arguments(&object(arguments)),
        at: Timestamp::from_micros(at),
    }
}

#[test]
fn a_call_is_tied_to_its_use_of_the_tool_and_to_nothing_else() {
    let named = Named::of(&object! { "claudecode/toolUseId" => "toolu_1" });
    assert!(named.surely);
    let call = |tool: &'static str, arguments: &str, named| Arrived {
        tool,
        arguments: Report::arguments(&object(arguments)),
        named,
    };
    let one = [reported("mcp__gate__story__echo", ARGUMENTS, 0)];
    let here = call("story__echo", ARGUMENTS, &named);
    assert_eq!(by_id(&here, &one), Found::Exactly(&one[0]));
    assert_eq!(by_id(&here, &[]), Found::Nothing);
    // Other arguments, another tool, or a second report that says something else: something changed it on the way.
    assert_eq!(by_id(&call("story__echo", r#"{"table":"users"}"#, &named), &one), Found::Altered(&one[0]));
    assert_eq!(by_id(&call("story__drop", ARGUMENTS, &named), &one), Found::Altered(&one[0]));
    assert_eq!(by_id(&call("ho", ARGUMENTS, &named), &one), Found::Altered(&one[0]));
    let two = [one[0].clone(), reported("mcp__gate__story__echo", "{}", 0)];
    assert_eq!(by_id(&here, &two), Found::Altered(&two[1]));
    // Clients write what they do not like as `_`, and cut what is long.
    assert!(by_id(&call("my.tool", ARGUMENTS, &named), &[reported("mcp__x__my_tool", ARGUMENTS, 0)]).exact());
    let cut = reported(&format!("mcp__{}", "x".repeat(60)), ARGUMENTS, 0);
    assert!(by_id(&here, &[cut]).exact());

    let now = Timestamp::from_micros(LIKENESS_MICROS);
    let unnamed = Named::default();
    let alike = call("story__echo", ARGUMENTS, &unnamed);
    assert_eq!(by_likeness(&alike, &one, now), Found::Alike(vec![&one[0]]));
    let late = Timestamp::from_micros(LIKENESS_MICROS + 1);
    assert_eq!(by_likeness(&alike, &one, late), Found::Nothing, "seconds later it is another call");
    let elsewhere = Named::of(&object! { "vscode.conversationId" => "s2" });
    assert_eq!(by_likeness(&call("story__echo", ARGUMENTS, &elsewhere), &one, now), Found::Nothing);
}

impl Found<'_> {
    fn exact(&self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

#[test]
fn a_device_reports_only_calls_of_those_it_was_enrolled_for() {
    let caller = |principal: &str, user: Option<&str>| Caller {
        principal: principal.into(),
        agent: None,
        user: user.map(|id| Person { id: id.into(), name: None }),
        groups: Vec::new(),
        proof: Proof::Nothing,
    };
    let device = reported("echo", "{}", 0);
    assert!(device.covers(&caller("os:ada", None)));
    assert!(!device.covers(&caller("os:eve", Some("ada"))));
    let person = Reported { principals: vec!["ada@example.com".into()], ..device.clone() };
    assert!(person.covers(&caller("key:x", Some("ada@example.com"))));
    let key = Reported { device: None, by: "key:x".into(), principals: Vec::new(), ..device.clone() };
    assert!(key.covers(&caller("key:x", None)) && !key.covers(&caller("key:y", None)));
    assert_eq!((device.surely(), key.surely()), (Provenance::Captured, Provenance::Asserted));
}

#[test]
fn the_prompt_of_a_call_is_the_one_of_its_turn() {
    let prompt = |turn: Option<&str>, words: &str| Prompted {
        turn: turn.map(str::to_owned),
        digest: Digest::of_bytes("prompt", words.as_bytes()),
        at: Timestamp::default(),
    };
    let newest_first = [prompt(Some("t3"), "third"), prompt(Some("t2"), "second"), prompt(None, "first")];
    let of = |client: &str, turn: Option<&str>| {
        let tool_use = Reported { client: client.into(), turn: turn.map(str::to_owned), ..reported("echo", "{}", 0) };
        prompt_of(&tool_use, &newest_first).map(|found| newest_first.iter().position(|one| one == found).unwrap())
    };
    assert_eq!(of("claude-code", Some("t2")), Some(1));
    assert_eq!(of("claude-code", None), Some(0));
    assert_eq!(of("claude-code", Some("t9")), Some(0), "it does not promise to name the turn of a prompt");
    assert_eq!((of("codex", Some("t2")), of("codex", Some("t9"))), (Some(1), None));
    assert_eq!((of("my-agent", None), of("my-agent", Some("t9"))), (Some(0), None));
}

#[test]
fn what_is_kept_of_words_holds_no_secret() {
    let key = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let kept = redact::kept(&format!("deploy it\nthe token is {key}\nand tell me"), 1_000);
    assert_eq!(kept, "deploy it\n[a secret was here]\nand tell me");
    let pem = "use this\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----";
    assert!(!redact::kept(pem, 1_000).contains("BEGIN"), "{}", redact::kept(pem, 1_000));
    let long = redact::kept(&"ü".repeat(100), 50);
    assert!(long.len() <= 50 && long.ends_with("[…]"), "{long}");
}

#[test]
fn a_rationale_is_asked_for_and_taken_out_again() {
    // A29
    let mut tool = object(
        r#"{"name":"echo","inputSchema":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}}"#,
    );
    assert!(rationale::offer(&mut tool));
    let schema = tool.object("inputSchema").unwrap();
    assert!(schema.object("properties").unwrap().contains(rationale::ARGUMENT));
    assert!(!schema.get("required").unwrap().to_string().contains(rationale::ARGUMENT), "nobody has to make one up");
    for left_alone in [
        r#"{"type":"object","properties":{"countersign_reason":{"type":"integer"}}}"#,
        r#"{"type":"object","anyOf":[{"required":["a"]}]}"#,
        r#"{"type":"object","maxProperties":1}"#,
        r##"{"type":"object","$ref":"#/$defs/a"}"##,
        r#"{"type":"object","patternProperties":{"^c":{"type":"integer"}}}"#,
        r#"{"type":"string"}"#,
    ] {
        let mut tool = object! { "inputSchema" => object(left_alone) };
        assert!(!rationale::offer(&mut tool), "{left_alone}");
        assert_eq!(tool.object("inputSchema").unwrap().to_string(), left_alone);
    }

    let mut params = object(r#"{"arguments":{"a":1,"countersign_reason":"  Ada asked for it.  "}}"#);
    let said = rationale::take(&mut params).unwrap().unwrap();
    assert_eq!((said.text.as_str(), said.provenance), ("Ada asked for it.", Provenance::Claimed));
    assert_eq!(params.to_string(), r#"{"arguments":{"a":1}}"#);
    let long = format!(r#"{{"arguments":{{"countersign_reason":"{}"}}}}"#, "x".repeat(1_000));
    assert_eq!(rationale::take(&mut object(&long)).unwrap().unwrap().text.chars().count(), rationale::LONGEST);
    for nothing in [r#"{"arguments":{"a":1}}"#, "{}", r#"{"arguments":{"countersign_reason":" "}}"#] {
        assert_eq!(rationale::take(&mut object(nothing)), Ok(None), "{nothing}");
    }
    assert!(rationale::take(&mut object(r#"{"arguments":{"countersign_reason":{"a":1}}}"#)).is_err());
}

#[test]
fn nobody_is_told_that_a_prompt_is_verified() {
    let source = Source { client: "claude-code".into(), device: Some("laptop-7".into()) };
    let known = |provenance, mismatch| Intent {
        prompt: Some(Prompt { digest: String::new(), provenance }),
        source: Some(source.clone()),
        mismatch,
        ..Intent::default()
    };
    assert_eq!(known(Provenance::Captured, false).prompt_in_words(), "captured by Claude Code hook on laptop-7");
    assert!(known(Provenance::Asserted, false).prompt_in_words().contains("no enrolled device"));
    assert!(known(Provenance::Captured, true).prompt_in_words().contains("is not what arrived"));
    assert!(Intent::default().prompt_in_words().starts_with("missing"));
    assert!(Provenance::Observed < Provenance::Captured && Provenance::Asserted < Provenance::Claimed);
    let kept: Intent =
        serde_json::from_str(&serde_json::to_string(&known(Provenance::Captured, true)).unwrap()).unwrap();
    assert_eq!(kept, known(Provenance::Captured, true));
}
