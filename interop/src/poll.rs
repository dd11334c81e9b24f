//! Asking again until an answer is good.

use std::thread;
use std::time::{Duration, Instant};

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Calls `attempt` until it succeeds.
///
/// # Errors
/// The last attempt's error, once `deadline` has passed.
pub fn until<T, E>(deadline: Duration, mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let end = Instant::now() + deadline;
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_again_and_gives_up_with_the_last_error() {
        let mut left = 3;
        let mut attempt = || {
            left -= 1;
            if left > 0 { Err(left) } else { Ok("done") }
        };
        assert_eq!(until(Duration::from_secs(5), &mut attempt), Ok("done"));
        assert_eq!(until(Duration::ZERO, || Err::<(), _>("no")), Err("no"));
    }
}
