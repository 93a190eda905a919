//! Measures the provider's processes while a command runs, from `/proc`; nothing on other systems.
//! The CLI starts several short-lived processes per command.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Short enough to sample a process near its end.
const INTERVAL: Duration = Duration::from_millis(4);

/// The cost of all processes of a command together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time up to the last sample of each process.
    pub(crate) cpu: Duration,
    /// Peak memory of a single process, in KiB.
    pub(crate) peak_kib: u64,
}

/// Samples the processes of a program until it is stopped.
pub(crate) struct Watch {
    done: Arc<AtomicBool>,
    looking: JoinHandle<Usage>,
}

impl Watch {
    pub(crate) fn start(program: &Path) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (program, stop) = (program.to_owned(), Arc::clone(&done));
        let looking = thread::spawn(move || {
            let mut seen: HashMap<PathBuf, Usage> = HashMap::new();
            while !stop.load(Ordering::Relaxed) {
                look(&program, &mut seen);
                thread::sleep(INTERVAL);
            }
            Usage {
                cpu: seen.values().map(|usage| usage.cpu).sum(),
                peak_kib: seen.values().map(|usage| usage.peak_kib).max().unwrap_or_default(),
            }
        });
        Self { done, looking }
    }

    pub(crate) fn stop(self) -> Usage {
        self.done.store(true, Ordering::Relaxed);
        self.looking.join().unwrap_or_default()
    }
}

fn look(program: &Path, seen: &mut HashMap<PathBuf, Usage>) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten().map(|entry| entry.path()) {
        if fs::read_link(process.join("exe")).is_ok_and(|exe| exe == program)
            && let Some(usage) = usage(&process)
        {
            seen.insert(process, usage);
        }
    }
}

fn usage(process: &Path) -> Option<Usage> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let threads = fs::read_dir(process.join("task")).ok()?.flatten();
    let on_cpu = threads.filter_map(|thread| {
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    });
    Some(Usage {
        cpu: Duration::from_nanos(on_cpu.sum()),
        peak_kib: peak.split_whitespace().next()?.parse().ok()?,
    })
}
