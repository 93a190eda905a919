//! Pages of lists: opaque cursors, clamped sizes and page info. Cursors have the key of an element
//! instead of its position, so that a list can change between two pages.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::auth_log::AuthLogNode;
use super::entries::EntryNode;
use super::objects::ProjectNode;
use crate::world::LINK_LIMIT;

/// The maximum and default page size of most lists.
const MAX_PAGE_SIZE: u64 = 100;

const AUTH_LOGS: &str = "CiJobTokenAuthLogConnection";
const ENTRIES: &str = "CiJobTokenScopeAllowlistEntryConnection";

/// Returns the largest page of a type of connection. A page of an allowlist holds all that can be
/// on it.
pub(super) fn max_page_size(connection: &str) -> u64 {
    if connection == ENTRIES { LINK_LIMIT as u64 } else { MAX_PAGE_SIZE }
}

/// An element of a list.
#[derive(Clone, Copy)]
pub(super) enum Node<'s> {
    Project(ProjectNode<'s>),
    Entry(EntryNode<'s>),
    AuthLog(AuthLogNode<'s>),
}

impl<'s> Node<'s> {
    /// Returns the ID by which the list is sorted. The ID of a row of a log isn't known here, so
    /// its origin's is used.
    fn key(&self) -> u64 {
        match self {
            Self::Project(project) => project.id,
            Self::Entry(entry) => entry.link_id(),
            Self::AuthLog(row) => row.origin,
        }
    }

    fn resolved<'a>(self) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        match self {
            Self::Project(project) => ResolvedValue::object(project),
            Self::Entry(entry) => ResolvedValue::object(entry),
            Self::AuthLog(row) => ResolvedValue::object(row),
        }
    }
}

/// A page of a list.
pub(super) struct Connection<'s> {
    ty: &'static str,
    total: usize,
    nodes: Vec<Node<'s>>,
    has_previous: bool,
    has_next: bool,
}

impl<'s> Connection<'s> {
    /// Returns the page of projects that the arguments of a field request.
    pub(super) fn of_projects(
        projects: impl Iterator<Item = ProjectNode<'s>>,
        info: &ResolveInfo<'_>,
    ) -> Result<Self, FieldError> {
        Self::page("ProjectConnection", projects.map(Node::Project).collect(), info)
    }

    /// Returns the page of entries that the arguments of a field request.
    pub(super) fn of_entries(
        entries: impl Iterator<Item = EntryNode<'s>>,
        info: &ResolveInfo<'_>,
    ) -> Result<Self, FieldError> {
        Self::page(ENTRIES, entries.map(Node::Entry).collect(), info)
    }

    /// Returns the page of an authentication log that the arguments of a field request.
    pub(super) fn of_auth_logs(
        rows: impl Iterator<Item = AuthLogNode<'s>>,
        info: &ResolveInfo<'_>,
    ) -> Result<Self, FieldError> {
        Self::page(AUTH_LOGS, rows.map(Node::AuthLog).collect(), info)
    }

    /// Returns the page without its elements, which the token may not see. GitLab counts them all
    /// the same (`Types::CountableConnectionType` counts the relation, before its nodes are
    /// redacted).
    pub(super) fn redacted(self) -> Self {
        Self { nodes: Vec::new(), ..self }
    }

    /// Cuts a page out of a list, the largest key first.
    fn page(
        ty: &'static str,
        mut nodes: Vec<Node<'s>>,
        info: &ResolveInfo<'_>,
    ) -> Result<Self, FieldError> {
        nodes.sort_by_cached_key(|node| std::cmp::Reverse(node.key()));
        let keys: Vec<u64> = nodes.iter().map(Node::key).collect();
        let cursor = |name: &str| match info.arguments().get(name).and_then(|value| value.as_str())
        {
            Some(cursor) => decoded(cursor).map(Some),
            None => Ok(None),
        };
        let size = |name: &str| {
            let asked = info.arguments().get(name).and_then(|value| value.as_i64());
            asked.map(|size| u64::try_from(size).unwrap_or(0).min(max_page_size(ty)) as usize)
        };
        let (first, last) = (size("first"), size("last"));
        if first.is_some() && last.is_some() {
            return Err(error("Can only provide either `first` or `last`, not both"));
        }
        let start = cursor("after")?.map_or(0, |after| keys.partition_point(|key| *key >= after));
        let end = cursor("before")?
            .map_or(keys.len(), |before| keys.partition_point(|key| *key > before));
        let end = end.max(start);
        let range = match last {
            Some(last) => end.saturating_sub(last).max(start)..end,
            None => start..end.min(start + first.unwrap_or(max_page_size(ty) as usize)),
        };
        Ok(Self {
            ty,
            total: nodes.len(),
            has_previous: range.start > 0,
            has_next: range.end < nodes.len(),
            nodes: nodes[range].to_vec(),
        })
    }
}

impl ObjectValue for Connection<'_> {
    fn type_name(&self) -> &str {
        self.ty
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "count" => ResolvedValue::leaf(self.total),
            "nodes" => ResolvedValue::list(self.nodes.iter().map(|node| node.resolved())),
            "edges" => ResolvedValue::list(
                self.nodes.iter().map(|node| ResolvedValue::object(Edge(*node))),
            ),
            "pageInfo" => ResolvedValue::object(PageInfo(self)),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

struct Edge<'s>(Node<'s>);

impl ObjectValue for Edge<'_> {
    fn type_name(&self) -> &str {
        match self.0 {
            Node::Project(_) => "ProjectEdge",
            Node::Entry(_) => "CiJobTokenScopeAllowlistEntryEdge",
            Node::AuthLog(_) => "CiJobTokenAuthLogEdge",
        }
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "cursor" => ResolvedValue::leaf(encoded(&self.0)),
            "node" => self.0.resolved(),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

struct PageInfo<'c, 's>(&'c Connection<'s>);

impl ObjectValue for PageInfo<'_, '_> {
    fn type_name(&self) -> &str {
        "PageInfo"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        Ok(match info.field_name() {
            "hasNextPage" => ResolvedValue::leaf(self.0.has_next),
            "hasPreviousPage" => ResolvedValue::leaf(self.0.has_previous),
            "startCursor" => ResolvedValue::leaf(self.0.nodes.first().map(encoded)),
            "endCursor" => ResolvedValue::leaf(self.0.nodes.last().map(encoded)),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

fn encoded(node: &Node<'_>) -> String {
    STANDARD.encode(serde_json::json!({ "id": node.key().to_string() }).to_string())
}

fn decoded(cursor: &str) -> Result<u64, FieldError> {
    let json = STANDARD.decode(cursor).ok();
    let json: Option<serde_json::Value> = json.and_then(|json| serde_json::from_slice(&json).ok());
    let key = json.and_then(|json| json.get("id")?.as_str()?.parse().ok());
    key.ok_or_else(|| error("Please provide a valid cursor"))
}

fn error(message: &str) -> FieldError {
    FieldError { message: message.to_owned() }
}
