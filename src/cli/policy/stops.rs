//! How is a person told where a rule stopped?

use std::io;

use super::super::output::Output;
use crate::policy::probe::{End, Named, Stop};

/// Each stop on a line, the values under it, and what it needed under these.
pub(super) fn tell(stops: &[Stop], indent: usize, out: &mut Output<'_>) -> io::Result<()> {
    stops.iter().try_for_each(|stop| {
        let Stop { place, end, values, inside } = stop;
        let how = match end {
            End::Holds => "holds".to_owned(),
            End::Stopped(statement) => format!("stopped at {statement}"),
            End::Unsaid(head) => format!("holds, but what it says is not there: {head}"),
            End::Broken(why) => format!("could not be evaluated: {why}"),
        };
        line(indent, &format!("{place}  {how}"), out)?;
        for value in values {
            line(indent.saturating_add(4), &named(value), out)?;
        }
        tell(inside, indent.saturating_add(2), out)
    })
}

/// Text for people, that far in.
pub(super) fn line(indent: usize, text: &str, out: &mut Output<'_>) -> io::Result<()> {
    out.line(&format!("{}{text}", " ".repeat(indent)))
}

fn named(named: &Named) -> String {
    let Named { name, values, more } = named;
    if values.is_empty() {
        return format!("{name} is not there");
    }
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let more = if *more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{name} = {}{more}", values.join(", then "))
}
