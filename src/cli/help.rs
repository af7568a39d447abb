//! What does `--help` say?

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{ColorChoice, CommandFactory as _};

use super::{CommandLine, EXAMPLES, GROUPS};

/// The two real examples that end each command's help: what to type, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Examples(pub [(&'static str, &'static str); 2]);

impl Examples {
    /// As clap wants it.
    pub fn text(self) -> String {
        let mut text = "Examples:".to_owned();
        for (command, purpose) in self.0 {
            text.push_str("\n  # ");
            text.push_str(purpose);
            text.push_str("\n  ");
            text.push_str(command);
        }
        text
    }
}

/// The whole command line, its commands in groups.
pub(super) fn command(colour: ColorChoice) -> clap::Command {
    let command = CommandLine::command().color(colour).after_help(EXAMPLES.text());
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}{}:\n{{options}}{{after-help}}",
        groups(&command),
        heading(&command, "Options")
    );
    command.help_template(StyledStr::from(template))
}

/// Help is printed before the flags are understood, so its colour is looked for by hand.
pub(super) fn colour_asked(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let after = words.windows(2).find_map(|pair| match pair {
        ["--color", when] => Some(*when),
        _ => None,
    });
    match words.iter().find_map(|word| word.strip_prefix("--color=")).or(after) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

fn groups(command: &clap::Command) -> String {
    let names = command.get_subcommands().map(|sub| sub.get_name().len());
    let width = names.max().unwrap_or_default();
    let literal = command.get_styles().get_literal();
    let mut text = String::new();
    for (group, members) in GROUPS {
        let there: Vec<&clap::Command> = members.iter().filter_map(|name| command.find_subcommand(name)).collect();
        if there.is_empty() {
            continue;
        }
        text.push_str(&heading(command, group));
        text.push_str(":\n");
        for sub in there {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let name = sub.get_name();
            let padding = " ".repeat(width.saturating_sub(name.len()));
            text.extend([format!("  {literal}{name}{literal:#}{padding}  {about}\n")]);
        }
        text.push('\n');
    }
    text
}

fn heading(command: &clap::Command, text: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_a_group_and_ends_with_two_examples() {
        let command = command(ColorChoice::Never);
        command.clone().debug_assert();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for sub in command.get_subcommands() {
            assert!(grouped.contains(&sub.get_name()), "{} is in no group", sub.get_name());
            every_end_has_examples(sub);
        }
        assert!(command.get_about().is_some());
    }

    fn every_end_has_examples(command: &clap::Command) {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = after.matches("\n  countersign ").count();
        assert_eq!(examples, 2, "{} ends with {after:?}", command.get_name());
        command.get_subcommands().for_each(every_end_has_examples);
    }
}
