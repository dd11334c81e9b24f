//! The parameters of a request.

use axum::extract::Query;
use http::Uri;

/// The parameters of a request's query.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// What is wrong with a request's parameters: it is the client's fault, so the answer is 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    /// The query is no list of parameters.
    #[error("{0}")]
    Malformed(String),
    /// It is not there, or empty.
    #[error("Missing required '{0}' parameter")]
    Missing(&'static str),
    /// It is no integer of 64 bits.
    #[error("Parameter '{0}' is not an integer")]
    NotAnInteger(&'static str),
}

impl Parameters {
    /// Reads them.
    ///
    /// # Errors
    /// If the query is malformed.
    pub(crate) fn of(uri: &Uri) -> Result<Self, ParameterError> {
        let parsed = Query::try_from_uri(uri);
        let Query(pairs) = parsed.map_err(|error| ParameterError::Malformed(error.body_text()))?;
        Ok(Self(pairs))
    }

    /// The first value of a parameter that has to be there.
    ///
    /// # Errors
    /// If it is not there, or empty.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, ParameterError> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty()).ok_or(ParameterError::Missing(name))
    }

    /// The same for an integer.
    ///
    /// # Errors
    /// If it is not there, or no integer.
    pub(crate) fn required_integer(&self, name: &'static str) -> Result<i64, ParameterError> {
        self.required(name)?.parse().map_err(|_| ParameterError::NotAnInteger(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(uri: &str) -> Result<i64, ParameterError> {
        Parameters::of(&uri.parse().unwrap())?.required_integer("customer")
    }

    #[test]
    fn the_first_integer_counts() {
        assert_eq!(customer("/dispatch?customer=123&customer=x&nonse=0.5"), Ok(123));
        assert_eq!(customer("/dispatch?customer=%31%32"), Ok(12));
    }

    #[test]
    fn a_parameter_that_is_not_there_or_empty_is_missing() {
        for query in ["", "?", "?customer", "?customer=", "?customer=&customer=1", "?Customer=1"] {
            let error = customer(&format!("/dispatch{query}")).unwrap_err();
            assert_eq!(error.to_string(), "Missing required 'customer' parameter", "{query}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for value in ["x", "1.5", "%ff", "%zz", "%", "99999999999999999999", "1 ", "%00"] {
            let error = customer(&format!("/dispatch?customer={value}").replace(' ', "+")).unwrap_err();
            assert_eq!(error.to_string(), "Parameter 'customer' is not an integer", "{value}");
        }
    }
}
