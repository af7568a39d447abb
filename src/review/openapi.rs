//! How is the interface described to programs? With `OpenAPI` 3.1, made from the types it is made of.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::{VERBS, Verb};
use super::card::Card;
use super::fault::{CODES, Problem};
use super::grant::{GrantCard, Grants, RevokeGrant};
use super::lease::{LeaseCard, Leases, RevokeLease};
use super::page::{LARGEST, Page, USUAL};
use super::reach::Reach;
use super::route::{PLACES, Place, ROOT, What};
use super::sight::Me;
use crate::approval::state::State;

/// The document as it is printed and kept beside the examples.
pub fn document_text() -> String {
    format!("{:#}\n", document())
}

/// The document.
pub fn document() -> Value {
    let (mut said, mut told) = (generator().for_deserialize(), generator().for_serialize());
    said.meta_schema = None;
    told.meta_schema = None;
    let (mut said, mut told) = (said.into_generator(), told.into_generator());
    let mut paths = Map::new();
    for place in PLACES {
        for (path, operation) in operations(place, &mut said, &mut told) {
            paths.insert(path, operation);
        }
    }
    let _problem = told.subschema_for::<Problem>();
    let mut schemas = told.take_definitions(true);
    schemas.extend(said.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign: answer calls that wait",
            "version": "1",
            "summary": "See which calls wait for people, what exactly they would do, and answer.",
            "description": format!(
                "Every error is a Problem (RFC 9457) with a stable `code`: {}. \
                 The same answer sent again changes nothing and says `already_voted` with the state.",
                CODES.map(|(code, status, _)| format!("`{code}` {status}")).join(", ")
            ),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": ROOT }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key that stands under a person in [people], or a token of a person.",
            } },
            "schemas": schemas,
        },
    })
}

fn generator() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| "/components/schemas".clone_into(settings.definitions_path.to_mut()))
}

/// What can be asked at a place: its address, and how.
fn operations(place: Place, said: &mut SchemaGenerator, told: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let (name, about, query, schema) = match place.what {
        What::Say => return answers(place, said, told),
        What::List => (
            "list",
            "The calls you may see, newest first. Identical ones that wait are one item with all their ids",
            list_query(),
            told.subschema_for::<Page>().to_value(),
        ),
        What::Card => (
            "show",
            "One call: what would run, who asks, who must agree, who has answered, and what you may do",
            Vec::new(),
            told.subschema_for::<Card>().to_value(),
        ),
        What::Wait => (
            "wait",
            "The same, once it is decided, or after this long as it is then; ask again while it is `pending`",
            vec![query(
                "for",
                "How long at most; 60s is the longest",
                &json!({ "type": "string", "default": "45s", "examples": ["10s", "1m"] }),
            )],
            told.subschema_for::<Card>().to_value(),
        ),
        What::Reach => (
            "reach",
            "The calls of the last seven days that a grant of this one would have covered",
            vec![query(
                "free",
                "The places of the arguments that would be free, with commas; none if left out",
                &json!({ "type": "string", "examples": ["/limit", "/limit,/note"] }),
            )],
            told.subschema_for::<Reach>().to_value(),
        ),
        What::Grants => (
            "grants",
            "The grants you may see, newest first",
            vec![query("state", "`open` (what covers calls) or `all`", &either(["open", "all"]))],
            told.subschema_for::<Grants>().to_value(),
        ),
        What::RevokeGrant => return vec![revoke_grant(place, said, told)],
        What::Leases => (
            "leases",
            "The credentials that are out, newest first; for auditors and operators",
            vec![query("state", "`out` (those that are not over) or `all`", &either(["out", "all"]))],
            told.subschema_for::<Leases>().to_value(),
        ),
        What::RevokeLease => return vec![revoke_lease(place, said, told)],
        What::Me => ("me", "Who you are here", Vec::new(), told.subschema_for::<Me>().to_value()),
        What::Document => ("openapi", "This document", Vec::new(), json!({ "type": "object" })),
    };
    let parameters = [path_parameters(place.path), query].concat();
    let mut operation = json!({
        "operationId": name, "summary": about, "parameters": parameters, "responses": responses(&schema),
    });
    if let (What::Document, Some(operation)) = (place.what, operation.as_object_mut()) {
        // It says nothing of anybody, so anybody may read it.
        operation.insert("security".to_owned(), json!([]));
    }
    vec![(place.path.to_owned(), json!({ "get": operation }))]
}

/// One operation for each thing people can say.
fn answers(place: Place, said: &mut SchemaGenerator, told: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let card = told.subschema_for::<Card>().to_value();
    let answer = |verb: &Verb| {
        let path = place.path.replace("{verb}", verb.name);
        let body = (verb.schema)(said).to_value();
        let operation = json!({
            "operationId": verb.name,
            "summary": verb.about,
            "parameters": path_parameters(&path),
            "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
            "responses": responses(&card),
        });
        (path, json!({ "post": operation }))
    };
    VERBS.iter().map(answer).collect()
}

/// Taking a grant back.
fn revoke_grant(place: Place, said: &mut SchemaGenerator, told: &mut SchemaGenerator) -> (String, Value) {
    let (body, card) = (said.subschema_for::<RevokeGrant>().to_value(), told.subschema_for::<GrantCard>().to_value());
    post(place, ("revoke_grant", "Take a grant back: it covers nothing any more"), &body, &card)
}

/// Taking a credential back.
fn revoke_lease(place: Place, said: &mut SchemaGenerator, told: &mut SchemaGenerator) -> (String, Value) {
    let about = "Take a credential back now, whatever its call does; for operators. One that is over stays as it is, and one \
                 that could not be taken back is `ending` and is tried again";
    let (body, card) = (said.subschema_for::<RevokeLease>().to_value(), told.subschema_for::<LeaseCard>().to_value());
    post(place, ("revoke_lease", about), &body, &card)
}

fn post(place: Place, (name, about): (&str, &str), body: &Value, told: &Value) -> (String, Value) {
    let operation = json!({
        "operationId": name,
        "summary": about,
        "parameters": path_parameters(place.path),
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": responses(told),
    });
    (place.path.to_owned(), json!({ "post": operation }))
}

fn list_query() -> Vec<Value> {
    let state =
        json!({ "type": "string", "default": "open", "examples": ["open", "all", "pending", "pending,approved"] });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LARGEST, "default": USUAL });
    let states = format!("`open` (what is not over), `all`, or some of these with commas: {}", State::WORDS.join(", "));
    vec![
        query("state", &states, &state),
        query("limit", "How many at most", &limit),
        query("after", "`next` of the page before", &json!({ "type": "string" })),
        query("only", "Only calls that you can approve or deny now", &json!({ "type": "string", "enum": ["mine"] })),
    ]
}

fn path_parameters(path: &str) -> Vec<Value> {
    let id = json!({ "name": "id", "in": "path", "required": true, "description": "The call", "schema": { "type": "string" } });
    if path.contains("{id}") { vec![id] } else { Vec::new() }
}

fn query(name: &str, about: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": about, "schema": schema })
}

/// One of these words; the first where none is said.
fn either(words: [&str; 2]) -> Value {
    let [usual, _] = words;
    json!({ "type": "string", "default": usual, "enum": words })
}

fn responses(schema: &Value) -> Value {
    json!({
        "200": { "description": "Done", "content": { "application/json": { "schema": schema } } },
        "default": {
            "description": "Not done; `code` says why",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        },
    })
}

#[cfg(test)]
mod tests;
