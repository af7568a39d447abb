//! How is it known who is on call?

use super::super::fault::Subject;
use super::super::measure::Period;
use super::super::reach;
use super::super::sample::is_sample;
use super::super::section::{Given, Privacy, Reading, Section, Wanted};
use super::{TIME, each, name, time};
use crate::channels::routing::duty::{OnCall, Rota, Service, Source};

const ROTA_KEYS: [&str; 3] = ["people", "start", "shift"];
const SERVICE_KEYS: [&str; 3] = ["url", "bearer", "allow_private"];
const PERSON: Wanted = Wanted("the name of a person", "ada");

pub(super) fn read(section: &Section<'_>) -> Reading<OnCall> {
    let source = source(section);
    let fallback = section.texts("fallback", &[], Privacy::Open);
    let fallback = fallback.and_then(|given| each(section, "fallback", given, PERSON, name));
    section.close();
    Ok(OnCall { source: source?, fallback: fallback? })
}

fn source(section: &Section<'_>) -> Reading<Source> {
    match (section.has("people"), section.has("url")) {
        (true, false) => {
            section.refuse(&SERVICE_KEYS, "what a service says, with a `url`");
            rota(section).map(Source::Rota)
        }
        (false, true) => {
            section.refuse(&ROTA_KEYS, "people who take turns, without a `url`");
            service(section).map(Source::Service)
        }
        (both, _) => {
            section.excuse(&ROTA_KEYS);
            section.excuse(&SERVICE_KEYS);
            let what = if both { "has both `people` and `url`" } else { "has neither `people` nor `url`" };
            let next = "write `people`, who take turns, or `url`, where somebody says who it is, and not both";
            Err(section.fault(format!("[{}] {what}", section.name()), next))
        }
    }
}

fn rota(section: &Section<'_>) -> Reading<Rota> {
    let people = section.texts("people", &[], Privacy::Open);
    let people = people.and_then(|given| each(section, "people", given, PERSON, name));
    let start = section.required("start", TIME, time);
    let shift = section.parsed("shift", Wanted("a time with its unit", "7d"), "7d", Period::parse);
    let rota = Rota { people: people?, start: start?, shift: shift? };
    if rota.people.is_empty() {
        let what = format!("[{}] names nobody who takes a turn", section.name());
        return Err(section.fault(what, "name people of [people] in `people`"));
    }
    Ok(rota)
}

fn service(section: &Section<'_>) -> Reading<Service> {
    let url = reach::address(section);
    let bearer = section.given("bearer", Privacy::Secret).and_then(|given| match given {
        Some(given) if is_sample(&given.text) => Err(reach::sample(section, &given)),
        Some(given) if http::HeaderValue::from_str(&given.text).is_err() => {
            Err(section.bad(&given, Wanted("what can stand in a header", "${PAGER_TOKEN}"), Subject::Hidden))
        }
        given => Ok(given.map(Given::secret)),
    });
    let allow_private = section.truth("allow_private");
    Ok(Service { url: url?, bearer: bearer?, allow_private: allow_private? })
}
