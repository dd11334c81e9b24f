//! Which headers are read and written.

use tracer_propagation::Composite;

use crate::parse;
use crate::setting::PROPAGATORS;
use crate::sources::Sources;

pub(super) fn plan(sources: &mut Sources) -> Composite {
    let found = sources.find(&PROPAGATORS, |text, _| {
        let is_known = |name: &&str| Composite::from_names(name).is_ok();
        let (known, unknown): (Vec<&str>, Vec<&str>) = parse::list(text).partition(is_known);
        if known.is_empty() {
            return Err(format!("no format is called {}", unknown.join(", ")));
        }
        let unknown: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
        let composite = Composite::from_names(&known.join(",")).map_err(|error| error.to_string())?;
        Ok((composite, unknown))
    });
    let Some(found) = found else { return Composite::w3c() };
    let (composite, unknown) = found.value;
    for name in unknown {
        sources.refuse(
            &PROPAGATORS,
            (&name, &found.origin),
            "no format has that name",
            "the rest of the list".into(),
        );
    }
    composite
}
