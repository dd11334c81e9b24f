//! The flags of `hotrod load` and `hotrod tour`.

use std::time::Duration;

use clap::value_parser;

use super::values;

/// How to order cars.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct LoadOptions {
    /// The frontend to order from
    #[arg(long, default_value = "http://127.0.0.1:8080", value_parser = values::http_url)]
    pub url: String,
    /// Orders at once
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=1000))]
    pub concurrency: u32,
    /// Orders a second, begun whether others have ended or not, as far as the concurrency allows
    #[arg(long, value_parser = rate)]
    pub rate: Option<f64>,
    /// Sessions that take turns
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=10_000))]
    pub sessions: u32,
    /// Customers that take turns, each with its share if it is not 1
    #[arg(long, value_name = "ID[:SHARE],…", default_value = "123,392,567,731", value_delimiter = ',',
        value_parser = customer_share)]
    pub customers: Vec<CustomerShare>,
    /// How long to go on ordering [default: 10s, unless --count is given]
    #[arg(long, conflicts_with = "count", value_parser = values::duration)]
    pub duration: Option<Duration>,
    /// How many orders to place
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub count: Option<u64>,
    /// More baggage of each order, such as fail=route:0.1
    #[arg(long, value_name = "KEY=VALUE", value_parser = baggage_item)]
    pub baggage: Vec<(String, String)>,
}

/// How to run the tour.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct TourOptions {
    /// Requests at once in each setting
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=500))]
    pub requests: u32,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
    /// End when all is printed; else the viewer stays, so that the links can be followed
    #[arg(long)]
    pub quit: bool,
}

/// A customer, and how many of the turns are the customer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerShare {
    /// The customer's id.
    pub id: i64,
    /// So many in each round.
    pub share: u32,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|it| (0.01..=10_000.0).contains(it));
    rate.ok_or_else(|| format!("{text:?} is not a number from 0.01 to 10000"))
}

fn customer_share(text: &str) -> Result<CustomerShare, String> {
    let (id, share) = text.split_once(':').unwrap_or((text, "1"));
    let id = id.parse().map_err(|_| format!("{id:?} is not the id of a customer"))?;
    let parsed = share.parse::<u32>().ok().filter(|share| (1..=1000).contains(share));
    let share = parsed.ok_or_else(|| format!("{share:?} is not a share from 1 to 1000"))?;
    Ok(CustomerShare { id, share })
}

fn baggage_item(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not key=value"))?;
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    if key.is_empty() || key.len() > 64 || value.len() > 512 || !key.chars().all(is_plain) {
        return Err(format!("{text:?} is not a short key=value"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_have_shares() {
        assert_eq!(customer_share("123"), Ok(CustomerShare { id: 123, share: 1 }));
        assert_eq!(customer_share("-7:30"), Ok(CustomerShare { id: -7, share: 30 }));
        for text in ["", ":", "1:", ":1", "1:0", "1:1001", "1:2:3", "a"] {
            assert!(customer_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn baggage_is_a_key_and_a_value() {
        assert_eq!(baggage_item("fail=route:0.1").unwrap().1, "route:0.1");
        for text in ["", "a", "=a", "a b=c", &"k=".repeat(400)] {
            assert!(baggage_item(text).is_err(), "{text}");
        }
    }
}
