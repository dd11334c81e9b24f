//! Which traces are recorded, by OpenTelemetry's names and by those of Jaeger's clients.

use tracer_core::sampler::RateLimitingSampler;
use tracer_core::{ConstSampler, ProbabilisticSampler, Sampler, TracerBuilder};
use tracer_exporter_jaeger::RemoteSampler;

use crate::note::Origin;
use crate::parse;
use crate::setting::{JAEGER_SAMPLER_PARAM, JAEGER_SAMPLER_TYPE, SAMPLER, SAMPLER_ARG, Setting};
use crate::sources::{Found, Sources};

mod remote;

pub(crate) use self::remote::Remote;

/// A sampler that can be made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) root: Root,
    /// Whether spans follow their parents, so that it is asked for roots alone.
    pub(crate) follows_parents: bool,
}

/// Who decides at roots.
#[derive(Clone, Debug)]
pub(crate) enum Root {
    Always,
    Never,
    Share(f64),
    /// Traces per second.
    Rate(f64),
    Remote(Remote),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Always,
    Never,
    Share,
    Remote,
}

const NAMES: [(&str, (Kind, bool)); 8] = [
    ("always_on", (Kind::Always, false)),
    ("always_off", (Kind::Never, false)),
    ("traceidratio", (Kind::Share, false)),
    ("jaeger_remote", (Kind::Remote, false)),
    ("parentbased_always_on", (Kind::Always, true)),
    ("parentbased_always_off", (Kind::Never, true)),
    ("parentbased_traceidratio", (Kind::Share, true)),
    ("parentbased_jaeger_remote", (Kind::Remote, true)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JaegerKind {
    Const,
    Probabilistic,
    RateLimiting,
    Remote,
}

const JAEGER_NAMES: [(&str, JaegerKind); 4] = [
    ("const", JaegerKind::Const),
    ("probabilistic", JaegerKind::Probabilistic),
    ("ratelimiting", JaegerKind::RateLimiting),
    ("remote", JaegerKind::Remote),
];

/// The sampler that the layers ask for; in the same layer OpenTelemetry's variables go first.
pub(super) fn plan(sources: &mut Sources) -> Plan {
    let otel = strength(sources, &SAMPLER);
    let jaeger = strength(sources, &JAEGER_SAMPLER_TYPE).max(remote::jaeger_strength(sources));
    // A name that is none is as if it were not set.
    let plan = if jaeger > otel {
        of_jaeger(sources).or_else(|| of_otel(sources))
    } else {
        of_otel(sources).or_else(|| if jaeger > 0 { of_jaeger(sources) } else { None })
    };
    plan.unwrap_or(Plan { root: Root::Always, follows_parents: true })
}

fn strength(sources: &Sources, setting: &'static Setting) -> u8 {
    let strongest = sources.texts(setting).into_iter().next();
    strongest.map_or(0, |(_, origin)| Found::new((), origin).strength())
}

fn of_otel(sources: &mut Sources) -> Option<Plan> {
    let found = sources.find(&SAMPLER, |name, _| parse::one_of(name, &NAMES));
    let (kind, follows_parents) = found?.value;
    let root = match kind {
        Kind::Always => Root::Always,
        Kind::Never => Root::Never,
        Kind::Share => {
            let share = sources.find(&SAMPLER_ARG, |text, _| parse::share(text));
            Root::Share(share.map_or(1.0, |found| found.value))
        }
        Kind::Remote => Root::Remote(remote::of_otel(sources)),
    };
    Some(Plan { root, follows_parents })
}

/// Jaeger's clients asked at roots only. Who names an address means `remote`.
fn of_jaeger(sources: &mut Sources) -> Option<Plan> {
    let found = sources.find(&JAEGER_SAMPLER_TYPE, |name, _| parse::one_of(name, &JAEGER_NAMES));
    let kind = match found {
        Some(found) => found.value,
        None if remote::jaeger_strength(sources) == 0 => {
            sources.amend(&JAEGER_SAMPLER_TYPE, "that of `OTEL_TRACES_SAMPLER`", Origin::Default);
            return None;
        }
        None => {
            sources.amend(&JAEGER_SAMPLER_TYPE, "remote", Origin::Default);
            JaegerKind::Remote
        }
    };
    let mut param = |read: fn(&str) -> Result<f64, String>, default: f64| {
        let found = sources.find(&JAEGER_SAMPLER_PARAM, |text, _| read(text));
        if found.is_none() {
            sources.amend(&JAEGER_SAMPLER_PARAM, default.to_string(), Origin::Default);
        }
        found.map_or(default, |found| found.value)
    };
    let root = match kind {
        JaegerKind::Const if param(zero_or_one, 1.0) == 0.0 => Root::Never,
        JaegerKind::Const => Root::Always,
        JaegerKind::Probabilistic => Root::Share(param(parse::share, 1.0)),
        JaegerKind::RateLimiting => Root::Rate(param(rate, 1.0)),
        JaegerKind::Remote => {
            let initial_share = param(parse::share, remote::INITIAL_SHARE);
            Root::Remote(remote::of_jaeger(sources, initial_share))
        }
    };
    Some(Plan { root, follows_parents: true })
}

fn zero_or_one(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(0.0) => Ok(0.0),
        Ok(1.0) => Ok(1.0),
        _ => parse::truth(text).map(f64::from).map_err(|_| "neither 0 nor 1".into()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| RateLimitingSampler::new(*rate).is_ok());
    rate.ok_or_else(|| "no number of traces per second".into())
}

impl Plan {
    /// The remote sampler's settings, if it is one.
    pub(crate) const fn remote(&self) -> Option<&Remote> {
        match &self.root {
            Root::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// Has a tracer ask it. A remote sampler has a thread, which whoever is given it must end.
    pub(crate) fn put_into(
        &self,
        tracer: TracerBuilder,
        service_name: &str,
    ) -> (TracerBuilder, Option<RemoteSampler>) {
        let remote = match &self.root {
            Root::Remote(remote) => remote.start(service_name),
            _ => None,
        };
        let root: Box<dyn Sampler> = match (&self.root, &remote) {
            (_, Some(remote)) => Box::new(remote.clone()),
            (Root::Always, _) => Box::new(ConstSampler::ON),
            (Root::Never, _) => Box::new(ConstSampler::OFF),
            (Root::Share(share), _) => share_of(*share),
            (Root::Rate(rate), _) => match RateLimitingSampler::new(*rate) {
                Ok(sampler) => Box::new(sampler),
                Err(_) => Box::new(ConstSampler::ON),
            },
            (Root::Remote(remote), None) => share_of(remote.initial_share),
        };
        let tracer =
            if self.follows_parents { tracer.sampler(root) } else { tracer.sampler_for_every_span(root) };
        (tracer, remote)
    }
}

/// The share was looked at when it was read.
fn share_of(share: f64) -> Box<dyn Sampler> {
    match ProbabilisticSampler::new(share) {
        Ok(sampler) => Box::new(sampler),
        Err(_) => Box::new(ConstSampler::ON),
    }
}
