//! How does the configuration become anchors?

use crate::book::anchors::{Anchor, Kind};
use crate::config::{Config, anchors as said};
use crate::downstream::http::guard::Private;

/// Every anchor there is.
pub(super) fn anchors(config: &Config) -> Vec<Anchor> {
    config.anchors.iter().map(anchor).collect()
}

fn anchor(said: &said::Anchor) -> Anchor {
    let private = |allowed: bool| if allowed { Private::Allowed } else { Private::Refused };
    let kind = match &said.kind {
        said::Kind::Folder(folder) => Kind::Folder(folder.path.clone()),
        said::Kind::Git(git) => Kind::Git(git.path.clone(), git.remote.clone()),
        said::Kind::Witness(witness) => {
            Kind::Witness(witness.url.clone(), witness.key.clone(), private(witness.allow_private))
        }
        said::Kind::Timestamp(timestamp) => Kind::Timestamp(timestamp.url.clone(), private(timestamp.allow_private)),
    };
    let before_execute = said.before_execute.then(|| said.within.duration());
    Anchor { name: said.name.clone(), every: said.every.duration(), before_execute, kind }
}
