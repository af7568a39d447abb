//! What does Slack take? The documented forms and limits of what we send, and nothing beyond.

use serde_json::Value;

/// The arguments of a method; anything else is a mistake of ours.
pub(crate) fn check(method: &str, arguments: &Value) -> Result<(), String> {
    let known: &[&str] = match method {
        "chat.postMessage" => {
            &["channel", "text", "blocks", "parse", "link_names", "unfurl_links", "unfurl_media", "mrkdwn", "thread_ts"]
        }
        "chat.update" => &["channel", "ts", "text", "blocks", "parse", "link_names"],
        "chat.postEphemeral" => &["channel", "user", "text", "blocks", "parse", "link_names"],
        "views.open" => &["trigger_id", "view"],
        "views.update" => &["view_id", "view"],
        other => return Err(format!("no method {other}")),
    };
    let given = arguments.as_object().ok_or("no object")?;
    if let Some(unknown) = given.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("{method} has no argument {unknown}"));
    }
    if method.starts_with("views.") {
        return view(&arguments["view"]);
    }
    text(&arguments["text"], 1, 4000)?;
    if arguments["parse"] != "none" || arguments["link_names"] != false {
        return Err("names and links would be looked for".to_owned());
    }
    if method == "chat.postMessage" && !given.contains_key("thread_ts") {
        is(arguments.get("unfurl_links") != Some(&Value::Bool(true)), "links would be opened")?;
    }
    blocks(&arguments["blocks"], 50)
}

fn view(view: &Value) -> Result<(), String> {
    is(view["type"] == "modal", "no modal")?;
    plain(&view["title"], 24)?;
    plain(&view["close"], 24)?;
    if view.get("submit").is_some() {
        plain(&view["submit"], 24)?;
        text(&view["callback_id"], 1, 255)?;
        text(&view["private_metadata"], 1, 3000)?;
    }
    let inputs = view["blocks"].as_array().ok_or("no blocks")?.iter().any(|block| block["type"] == "input");
    is(inputs == view.get("submit").is_some(), "a modal with inputs has a way to send it off")?;
    blocks(&view["blocks"], 100)
}

fn blocks(all: &Value, most: usize) -> Result<(), String> {
    let all = all.as_array().ok_or("no blocks")?;
    is(!all.is_empty() && all.len() <= most, "too many blocks, or none")?;
    is(Value::from(all.clone()).to_string().chars().count() < 13_000, "msg_blocks_too_long")?;
    let mut ids: Vec<&str> = all.iter().filter_map(|block| block["block_id"].as_str()).collect();
    ids.sort_unstable();
    is(ids.windows(2).all(|pair| pair[0] != pair[1]), "a block_id twice")?;
    all.iter().try_for_each(block)
}

fn block(block: &Value) -> Result<(), String> {
    if let Some(id) = block.get("block_id") {
        text(id, 1, 255)?;
    }
    let elements = || block["elements"].as_array().ok_or_else(|| format!("no elements: {block}"));
    match block["type"].as_str().unwrap_or_default() {
        "header" => plain(&block["text"], 150),
        "context" => {
            is((1..=10).contains(&elements()?.len()), "elements of a context")?;
            elements()?.iter().try_for_each(|element| plain(element, 3000))
        }
        "actions" => {
            is((1..=25).contains(&elements()?.len()), "elements of actions")?;
            let mut ids: Vec<&str> = elements()?.iter().filter_map(|button| button["action_id"].as_str()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            is(ids.len() == count, "an action_id twice")?;
            elements()?.iter().try_for_each(button)
        }
        "rich_text" => elements()?.iter().try_for_each(|element| {
            let kind = element["type"].as_str().unwrap_or_default();
            is(["rich_text_section", "rich_text_quote", "rich_text_preformatted"].contains(&kind), "rich text")?;
            let parts = element["elements"].as_array().ok_or("no elements")?;
            is(!parts.is_empty(), "an empty element")?;
            parts.iter().try_for_each(|part| match part["type"].as_str().unwrap_or_default() {
                "text" => text(&part["text"], 1, 3000),
                "link" => text(&part["url"], 1, 3000),
                "date" => is(part["timestamp"].is_i64() && part["format"].is_string(), "a date"),
                other => Err(format!("an element {other}")),
            })
        }),
        "input" => {
            plain(&block["label"], 2000)?;
            plain(&block["hint"], 2000)?;
            let element = &block["element"];
            is(element["type"] == "plain_text_input", "an input")?;
            text(&element["action_id"], 1, 255)?;
            is(element["max_length"].as_u64().is_some_and(|most| (1..=3000).contains(&most)), "max_length")?;
            element.get("initial_value").map_or(Ok(()), |value| text(value, 1, 3000))
        }
        other => Err(format!("a block {other}")),
    }
}

fn button(button: &Value) -> Result<(), String> {
    is(button["type"] == "button", "a button")?;
    plain(&button["text"], 75)?;
    text(&button["action_id"], 1, 255)?;
    button.get("value").map_or(Ok(()), |value| text(value, 1, 2000))?;
    button.get("url").map_or(Ok(()), |url| text(url, 1, 3000))?;
    is(button.get("style").is_none_or(|style| style == "primary" || style == "danger"), "a style")
}

fn plain(object: &Value, most: usize) -> Result<(), String> {
    is(object["type"] == "plain_text" && object["emoji"] == false, "a plain text")?;
    text(&object["text"], 1, most)
}

fn text(text: &Value, least: usize, most: usize) -> Result<(), String> {
    let text = text.as_str().ok_or("no text")?;
    let length = text.encode_utf16().count();
    is(
        (least..=most).contains(&length),
        &format!("{length} of {least} to {most}: {}", text.chars().take(40).collect::<String>()),
    )
}

fn is(fits: bool, what: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(what.to_owned()) }
}
