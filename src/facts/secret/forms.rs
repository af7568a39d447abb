//! What do well-known tokens look like?

use super::Class;

/// How a token is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// What it begins with.
    pub(super) start: &'static str,
    /// What it is made of after that.
    pub(super) body: Body,
    /// How many bytes of that there are at least.
    pub(super) least: usize,
    pub(super) class: Class,
}

/// What the rest of a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Letters and digits.
    Word,
    /// Exactly so many capital letters and digits and no more.
    Capitals,
    /// Letters, digits, `-` and `_`.
    Url,
    /// The same, with a digit and a capital letter among them: the start alone is too common.
    Mixed,
    /// Hexadecimal digits.
    Hex,
    /// Letters, digits, `-`, `_`, `.`, `/`, `+` and `=`.
    Any,
}

const fn form(start: &'static str, body: Body, least: usize, class: Class) -> Form {
    Form { start, body, least, class }
}

/// All that are known.
pub(super) const FORMS: &[Form] = &[
    form("AKIA", Body::Capitals, 16, Class::CloudKey),
    form("ASIA", Body::Capitals, 16, Class::CloudKey),
    form("ABIA", Body::Capitals, 16, Class::CloudKey),
    form("ACCA", Body::Capitals, 16, Class::CloudKey),
    form("AIza", Body::Url, 35, Class::CloudKey),
    form("ya29.", Body::Url, 20, Class::CloudKey),
    form("GOCSPX-", Body::Url, 24, Class::CloudKey),
    form("dop_v1_", Body::Hex, 64, Class::CloudKey),
    form("doo_v1_", Body::Hex, 64, Class::CloudKey),
    form("ghp_", Body::Word, 36, Class::SourceToken),
    form("gho_", Body::Word, 36, Class::SourceToken),
    form("ghu_", Body::Word, 36, Class::SourceToken),
    form("ghs_", Body::Word, 36, Class::SourceToken),
    form("ghr_", Body::Word, 36, Class::SourceToken),
    form("github_pat_", Body::Url, 40, Class::SourceToken),
    form("glpat-", Body::Url, 20, Class::SourceToken),
    form("gldt-", Body::Url, 20, Class::SourceToken),
    form("glrt-", Body::Url, 20, Class::SourceToken),
    form("glptt-", Body::Url, 20, Class::SourceToken),
    form("glcbt-", Body::Url, 20, Class::SourceToken),
    form("gloas-", Body::Url, 20, Class::SourceToken),
    form("ATBB", Body::Word, 28, Class::SourceToken),
    form("ATATT3", Body::Any, 40, Class::ServiceToken),
    form("npm_", Body::Word, 36, Class::RegistryToken),
    form("pypi-Ag", Body::Url, 50, Class::RegistryToken),
    form("dckr_pat_", Body::Url, 20, Class::RegistryToken),
    form("cio", Body::Word, 32, Class::RegistryToken),
    form("rubygems_", Body::Hex, 48, Class::RegistryToken),
    form("xoxb-", Body::Url, 20, Class::MessengerToken),
    form("xoxp-", Body::Url, 20, Class::MessengerToken),
    form("xoxa-", Body::Url, 20, Class::MessengerToken),
    form("xoxr-", Body::Url, 20, Class::MessengerToken),
    form("xoxs-", Body::Url, 20, Class::MessengerToken),
    form("xoxe.", Body::Any, 20, Class::MessengerToken),
    form("xoxe-", Body::Url, 20, Class::MessengerToken),
    form("xapp-", Body::Url, 20, Class::MessengerToken),
    form("hooks.slack.com/services/T", Body::Any, 20, Class::MessengerToken),
    form("discord.com/api/webhooks/", Body::Any, 40, Class::MessengerToken),
    form("api.telegram.org/bot", Body::Any, 10, Class::MessengerToken),
    form("sk_live_", Body::Word, 16, Class::PaymentKey),
    form("sk_test_", Body::Word, 16, Class::PaymentKey),
    form("rk_live_", Body::Word, 16, Class::PaymentKey),
    form("rk_test_", Body::Word, 16, Class::PaymentKey),
    form("whsec_", Body::Any, 24, Class::PaymentKey),
    form("sq0atp-", Body::Url, 22, Class::PaymentKey),
    form("sq0csp-", Body::Url, 40, Class::PaymentKey),
    form("sk-ant-", Body::Url, 20, Class::ModelKey),
    form("sk-proj-", Body::Url, 20, Class::ModelKey),
    form("sk-svcacct-", Body::Url, 20, Class::ModelKey),
    form("sk-or-v1-", Body::Hex, 32, Class::ModelKey),
    form("sk-", Body::Mixed, 20, Class::ModelKey),
    form("hf_", Body::Word, 34, Class::ModelKey),
    form("gsk_", Body::Word, 40, Class::ModelKey),
    form("r8_", Body::Word, 37, Class::ModelKey),
    form("xai-", Body::Word, 40, Class::ModelKey),
    form("pplx-", Body::Word, 40, Class::ModelKey),
    form("SG.", Body::Any, 60, Class::ServiceToken),
    form("shpat_", Body::Hex, 32, Class::ServiceToken),
    form("shpss_", Body::Hex, 32, Class::ServiceToken),
    form("dapi", Body::Hex, 32, Class::ServiceToken),
    form("hvs.", Body::Url, 24, Class::ServiceToken),
    form("hvb.", Body::Url, 24, Class::ServiceToken),
    form("lin_api_", Body::Word, 32, Class::ServiceToken),
    form("secret_", Body::Word, 43, Class::ServiceToken),
    form("ntn_", Body::Word, 40, Class::ServiceToken),
    form("figd_", Body::Url, 36, Class::ServiceToken),
    form("PMAK-", Body::Url, 50, Class::ServiceToken),
    form("NRAK-", Body::Word, 27, Class::ServiceToken),
    form("glsa_", Body::Url, 32, Class::ServiceToken),
    form("sntrys_", Body::Any, 40, Class::ServiceToken),
    form("tskey-", Body::Url, 20, Class::ServiceToken),
    form("AGE-SECRET-KEY-1", Body::Word, 50, Class::PrivateKey),
];
