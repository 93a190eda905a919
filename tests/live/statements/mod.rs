//! The statements about GitLab's API that the provider relies on, each of which is a check.

mod authentication;
mod deletions;
mod entries;
mod group_entries;
mod instance;
mod limits;
mod lists;
mod paths;
mod permissions;
mod permissions_refused;
mod push;
mod roles;
mod schema;
mod scope;

use crate::check::Check;

pub(crate) fn all() -> Vec<Check> {
    [
        scope::CHECKS,
        entries::CHECKS,
        group_entries::CHECKS,
        lists::CHECKS,
        limits::CHECKS,
        paths::CHECKS,
        authentication::CHECKS,
        roles::CHECKS,
        deletions::CHECKS,
        instance::CHECKS,
        push::CHECKS,
        schema::CHECKS,
        permissions::CHECKS,
        permissions_refused::CHECKS,
    ]
    .concat()
}
