//! IDs and full paths of projects and groups. It imports nothing from the other modules of
//! `gitlab`.

mod id;
mod kind;
mod reference;
mod suggestion;

pub(in crate::gitlab) use id::RawId;
pub use id::{GroupId, Id, InvalidId, ProjectId, Target};
pub use kind::Kind;
pub(in crate::gitlab) use reference::folded;
pub use reference::{FullPath, GroupRef, ProjectRef, RefError, Reference, same_path};
pub use suggestion::{path_without_host, path_without_page, suggested_path};
