//! What was logged already of a receiver's answers, so that it is not said again with every batch.

use crate::transport::answer::Answer;

#[derive(Debug, Default)]
pub(crate) struct Complaints {
    rejected: bool,
    unreadable: bool,
}

impl Complaints {
    /// How many of so many spans an OTLP answer rejects; logs what it says, or why it cannot be read,
    /// once.
    pub(crate) fn rejected(&mut self, endpoint: &str, answer: Result<Answer, String>, spans: usize) -> usize {
        match answer {
            Ok(answer) => self.note_answer(endpoint, &answer, spans),
            Err(cause) => {
                self.note_unreadable(endpoint, &cause);
                0
            }
        }
    }

    fn note_answer(&mut self, endpoint: &str, answer: &Answer, spans: usize) -> usize {
        let rejected = usize::try_from(answer.rejected).unwrap_or(usize::MAX).min(spans);
        let is_clean = rejected == 0 && answer.message.is_empty();
        if !is_clean && !self.rejected {
            log::warn!("{endpoint} rejected {rejected} of {spans} spans: {}", answer.message);
        }
        self.rejected = !is_clean;
        rejected
    }

    fn note_unreadable(&mut self, endpoint: &str, cause: &str) {
        if !self.unreadable {
            self.unreadable = true;
            log::warn!("{endpoint} took spans, but its answer cannot be read: {cause}");
        }
    }
}
