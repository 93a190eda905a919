//! Logs the progress of the writes to an allowlist.

use super::outcome::Write;
use crate::gitlab::ProjectId;

/// Number of writes per log line: about ten lines for a full allowlist of one kind.
const INTERVAL: usize = 20;

/// The progress of one step, whose writes are all of the same type.
pub(super) struct Progress {
    project_id: ProjectId,
    what: &'static str,
    total: usize,
    done: usize,
    failed: usize,
}

impl Progress {
    /// Starts a step.
    pub(super) fn of(project_id: ProjectId, step: &[Write]) -> Self {
        let what = match step.first() {
            Some(Write::Remove(_) | Write::Destroy(_)) => "removed",
            Some(Write::Permit(_)) => "changed",
            Some(Write::Add(_)) | None => "added",
        };
        Self { project_id, what, total: step.len(), done: 0, failed: 0 }
    }

    /// Counts a finished write, and logs the progress at each interval.
    pub(super) fn note(&mut self, is_done: bool) {
        *if is_done { &mut self.done } else { &mut self.failed } += 1;
        if self.is_due() {
            let Self { project_id, what, total, done, failed } = self;
            tracing::info!(
                project = project_id.get(),
                failed,
                "allowlist: {what} {done} of {total}"
            );
        }
    }

    /// Returns true after each interval, and after the last write.
    fn is_due(&self) -> bool {
        let ended = self.done + self.failed;
        ended.is_multiple_of(INTERVAL) || ended == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::Target;

    fn logged_after(total: u64) -> Vec<usize> {
        let project_id = ProjectId::try_from(1_u64).unwrap();
        let project = |id: u64| Write::Add(Target::Project(ProjectId::try_from(id).unwrap()));
        let step: Vec<Write> = (1..=total).map(project).collect();
        let mut progress = Progress::of(project_id, &step);
        let mut logged = Vec::new();
        for write in 1..=step.len() {
            progress.note(write != 2);
            if progress.is_due() {
                logged.push(write);
            }
        }
        assert_eq!((progress.done, progress.failed), (step.len() - 1, 1));
        logged
    }

    #[test]
    fn long_step_is_logged_periodically_and_at_its_end() {
        assert_eq!(logged_after(45), [20, 40, 45]);
        assert_eq!(logged_after(40), [20, 40]);
        assert_eq!(logged_after(3), [3]);
    }
}
