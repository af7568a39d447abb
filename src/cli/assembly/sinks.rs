//! How does the configuration become sinks?

use crate::config::{Config, sinks as said};
use crate::downstream::http::guard::Private;
use crate::sinks::{Beginning, Kind, Sink};

/// Every sink there is.
pub(super) fn sinks(config: &Config) -> Vec<Sink> {
    config.sinks.iter().map(sink).collect()
}

fn sink(said: &said::Sink) -> Sink {
    let private = |allowed: bool| if allowed { Private::Allowed } else { Private::Refused };
    let kind = match &said.kind {
        said::Kind::File(file) => Kind::File { path: file.path.clone(), rotate: file.rotate.count() },
        said::Kind::Http(http) => {
            Kind::Http { url: http.url.clone(), headers: http.headers.clone(), private: private(http.allow_private) }
        }
        said::Kind::Syslog(syslog) => Kind::Syslog {
            to: syslog.to.clone(),
            longest: syslog.longest.length(),
            private: private(syslog.allow_private),
        },
    };
    Sink {
        name: said.name.clone(),
        format: said.format,
        kind,
        required: said.required.then(|| said.max_lag.duration()),
        timeout: said.timeout.duration(),
        from: match said.from {
            said::From::Now => Beginning::Now,
            said::From::First => Beginning::First,
        },
    }
}
