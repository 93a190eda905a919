//! Durations for messages.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Returns the duration in words, in the largest unit that shows it exactly. Long durations are
/// rounded up.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        // A timeout may be a fraction of a second.
        0..MINUTE if duration.subsec_nanos() > 0 => format!("{} seconds", duration.as_secs_f32()),
        HOUR.. if seconds.is_multiple_of(HOUR) || seconds > 5 * HOUR => {
            counted(seconds.div_ceil(HOUR), "hour")
        }
        MINUTE.. if seconds.is_multiple_of(MINUTE) || seconds > 5 * MINUTE => {
            counted(seconds.div_ceil(MINUTE), "minute")
        }
        _ => counted(seconds, "second"),
    }
}

fn counted(count: u64, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_depends_on_the_length() {
        for (milliseconds, expected) in [
            (50, "0.05 seconds"),
            (1000, "1 second"),
            (30_000, "30 seconds"),
            (60_000, "1 minute"),
            (150_000, "150 seconds"),
            (599_000, "10 minutes"),
            (3_600_000, "1 hour"),
            (5_400_000, "90 minutes"),
            (86_400_000, "24 hours"),
            (86_401_000, "25 hours"),
        ] {
            assert_eq!(in_words(Duration::from_millis(milliseconds)), expected);
        }
    }
}
