//! What the tour prints.

use std::time::Duration;

use serde_json::{Value, json};

use super::bottleneck::Bottleneck;
use super::setting::Setting;
use crate::load::{Report, millis};

/// What all stages share.
#[derive(Clone, Debug)]
pub(super) struct Tour {
    pub(super) requests: u32,
    pub(super) sessions: u32,
    pub(super) time_scale: f64,
    /// Without a slash at its end.
    pub(super) viewer: String,
}

/// One setting, and what it came to.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) setting: &'static Setting,
    pub(super) report: Report,
    pub(super) bottleneck: Option<Bottleneck>,
}

impl Tour {
    /// What is about to be run.
    pub(super) fn head(&self) -> String {
        format!(
            "{} orders at once of {} sessions in each setting, simulated times x {}.\n\
             Measured, and in brackets what the setting should take.\n",
            self.requests, self.sessions, self.time_scale
        )
    }

    /// A setting, for people.
    pub(super) fn stage_as_text(&self, stage: &Stage) -> String {
        let law = stage.setting.law(self.requests, self.time_scale);
        let (report, requests) = (&stage.report, f64::from(self.requests));
        let may_fail = (law.failed_share * requests).ceil();
        let figures = format!(
            "  wall {} ({})   p50 {} ({})   max {} ({})   failed {} (about {may_fail} at most)\n",
            millis(report.wall),
            millis(from_ms(law.wall_ms)),
            millis(report.percentile(0.5)),
            millis(from_ms(law.p50_ms)),
            millis(report.percentile(1.0)),
            millis(from_ms(law.max_ms)),
            report.failed,
        );
        let found = stage.bottleneck.as_ref().map_or_else(
            || "  no traces\n".to_owned(),
            |found| format!("  bottleneck: {}\n  {}\n", sentence(found), self.url(found)),
        );
        format!("\n{}\n{figures}{found}", stage.setting.flags)
    }

    /// What the brackets mean.
    pub(super) fn tail(&self) -> String {
        format!(
            "\nThe laws: behind the lock {n} x the query's time; behind the pool {n} x 10 routes x 50 ms / workers; \
             the wider of the two costs nothing; with neither, the slowest of {n} orders counts.\nThe bottleneck is the operation that most of the traces' critical \
             paths are made of.\n",
            n = self.requests
        )
    }

    /// All settings, for programs.
    pub(super) fn to_json(&self, stages: &[Stage]) -> String {
        let settings: Vec<Value> = stages.iter().map(|stage| self.stage_as_json(stage)).collect();
        let tour = json!({
            "requests": self.requests,
            "sessions": self.sessions,
            "timeScale": self.time_scale,
            "settings": settings,
        });
        format!("{tour}\n")
    }

    fn stage_as_json(&self, stage: &Stage) -> Value {
        let law = stage.setting.law(self.requests, self.time_scale);
        let report = &stage.report;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        json!({
            "flags": stage.setting.flags,
            "orders": report.orders,
            "answered": report.answered,
            "failed": report.failed,
            "wallMs": ms(report.wall),
            "p50Ms": ms(report.percentile(0.5)),
            "maxMs": ms(report.percentile(1.0)),
            "law": {
                "wallMs": law.wall_ms,
                "p50Ms": law.p50_ms,
                "maxMs": law.max_ms,
                "failedShare": law.failed_share,
            },
            "bottleneck": stage.bottleneck.as_ref().map(|found| json!({
                "service": found.service,
                "operation": found.operation,
                "waitsFor": found.waits_for,
                "share": found.share,
                "meanMs": found.mean_us / 1e3,
                "spansPerTrace": found.spans_per_trace,
                "traceID": found.trace_id,
                "url": self.url(found),
            })),
        })
    }

    fn url(&self, found: &Bottleneck) -> String {
        format!("{}/trace/{}", self.viewer, found.trace_id)
    }
}

fn sentence(found: &Bottleneck) -> String {
    let what = match &found.waits_for {
        Some(awaited) => format!("waiting for {awaited}"),
        None if found.spans_per_trace >= 1.5 => {
            format!("{:.0} of them one after the other", found.spans_per_trace)
        }
        None => "its own time".to_owned(),
    };
    let mean = millis(from_ms(found.mean_us / 1e3));
    let share = found.share * 100.0;
    format!("{} {}, {what}: {mean} of an order, {share:.0} % of the time", found.service, found.operation)
}

fn from_ms(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Shot;
    use crate::tour::setting::SETTINGS;

    #[test]
    fn a_setting_stands_beside_its_law_and_links_to_a_trace() {
        let viewer = "http://127.0.0.1:1".to_owned();
        let tour = Tour { requests: 50, sessions: 5, time_scale: 1.0, viewer };
        let shot = Shot { latency: Duration::from_secs(8), status: Ok(200), message: None, trace_id: None };
        let bottleneck = Bottleneck {
            service: "mysql".into(),
            operation: "db.acquire".into(),
            waits_for: Some("the database connection".into()),
            share: 0.92,
            mean_us: 7_500_000.0,
            spans_per_trace: 1.0,
            trace_id: "a".into(),
        };
        let report = Report::of(&[shot], Duration::from_millis(15_500));
        let stage = Stage { setting: &SETTINGS[0], report, bottleneck: Some(bottleneck) };
        let text = tour.stage_as_text(&stage);
        for part in [
            "\n(default)\n  wall 15.5 s (15.4 s)   p50 8000 ms (",
            "failed 0 (about 0 at most)",
            "mysql db.acquire, waiting for the database connection: 7500 ms of an order, 92 % of the time",
            "http://127.0.0.1:1/trace/a",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let json: Value = serde_json::from_str(&tour.to_json(&[stage])).unwrap();
        assert_eq!(json["settings"][0]["bottleneck"]["operation"], "db.acquire");
        assert_eq!(json["settings"][0]["wallMs"], 15_500.0);
    }
}
