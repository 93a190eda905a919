//! How GitLab names projects and groups: by ID and by full path. A file in here imports nothing from the other parts of
//! `gitlab`.

mod id;
mod reference;

pub use id::{GroupId, InvalidId, ProjectId, Target, TargetKind};
pub(in crate::gitlab) use reference::folded;
pub use reference::{FullPath, GroupRef, ProjectRef, RefError, same_path};
