//! What does each kind of entry mean to somebody who never saw this product?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

/// One sentence for an event code; nothing for one that is not known here.
pub(super) fn meaning(event: &str) -> &'static str {
    match event {
        "rejected" => "Something could not be read, was not let in, or asked for nothing that is served.",
        "arrived" => "A call arrived: who asks which server for what.",
        "refused" => "A call ended before it was sent, because of a check.",
        "decided" => "The rules said allow, hold or deny.",
        "held" => "A call began to wait for people.",
        "viewed" => "Somebody who may answer was shown the call.",
        "rushed" => "Somebody agreed within two seconds to what could be bad.",
        "voted" => "A person, or a program a rule names, answered.",
        "escalated" => "A person had those asked at once who would be asked later.",
        "questioned" => "A person wanted to know something of whoever asked.",
        "explained" => "Whoever asked answered that.",
        "edited" => "A person wanted other arguments to be sent.",
        "grant_made" => "People agreed to calls like one, for a while.",
        "grant_used" => "A call ran without asking, because people had agreed before.",
        "grant_ended" => "What people had agreed to covers nothing any more.",
        "claimed" => "Everybody who must had agreed, and the call was performed.",
        "settled" => "The waiting ended.",
        "leased" => "A credential was made for a call.",
        "lease_ended" => "A credential of a call was taken back, or could not be.",
        "dispatched" => "A call was about to be sent to a server.",
        "finished" => "A call came to its end.",
        "released" => "The rules said something of what came back.",
        "cancelled" => "The client no longer wanted the call.",
        "listed" => "A list of tools was given, after the rules filtered it.",
        "asked" => "A server asked the client something.",
        "session" => "A client opened or closed a session.",
        "definition" => "A tool's definition was seen first, changed, or was agreed to.",
        "operated" => "The gateway started, loaded policies, made keys, or gave out an export.",
        "prompted" => "The hook of a client reported what a person asked for.",
        "mismatched" => "A call was not the one the hook of its client had reported.",
        "erased" => "Something was erased that nobody may keep.",
        "pruned" => "Bodies of entries were removed because their time was over.",
        "preserved" => "Entries were put under a hold that keeps them, or the hold was released.",
        "fault" => "A fault of the gateway's own.",
        _ => "",
    }
}
