//! What does a target use of the machine? Processor time and resident memory, of a process and its children.

use std::fs;

/// The kernel counts processor time in hundredths of a second.
const TICK: f64 = 10_000.0;

/// Processor time so far, in microseconds.
pub(crate) fn processor(pid: u32) -> f64 {
    family(pid).into_iter().map(ticks).sum::<u64>() as f64 * TICK
}

/// Resident memory now, in MiB.
pub(crate) fn resident(pid: u32) -> f64 {
    memory(pid, "VmRSS:")
}

/// The most that was ever resident, in MiB.
pub(crate) fn most_resident(pid: u32) -> f64 {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, line: &str) -> f64 {
    family(pid).into_iter().map(|pid| kibibytes(pid, line)).sum::<u64>() as f64 / 1024.0
}

fn kibibytes(pid: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let found = status.lines().find_map(|said| said.strip_prefix(line)?.split_whitespace().next()?.parse().ok());
    found.unwrap_or(0)
}

/// User and system time; the program's name may hold spaces, so fields are counted after its closing bracket.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0 };
    rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(pid).chain(children).collect()
}
