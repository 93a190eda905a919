//! The complexity of a query, calculated as GitLab does: one per field, more for pages.

use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Node, Schema};

use super::connection::max_page_size;

/// The maximum complexity for a signed-in user.
pub(super) const MAX_COMPLEXITY: u64 = 250;

/// The complexity of a list of projects in addition to its fields.
const PROJECTS: u64 = 10;

/// Returns the cost of an operation.
pub(super) fn complexity(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> u64 {
    Cost { schema, document, variables }.cost(&[&operation.selection_set])
}

struct Cost<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl<'a> Cost<'a> {
    /// Returns the complexity of merged selections. If an object can have several types, the most
    /// complex one counts.
    fn cost(&self, selections: &[&'a SelectionSet]) -> u64 {
        let Some(first) = selections.first() else { return 0 };
        let types: Vec<&str> = match self.schema.types.get(&first.ty) {
            Some(ExtendedType::Union(union)) => {
                union.members.iter().map(|name| name.as_str()).collect()
            }
            _ => vec![first.ty.as_str()],
        };
        types.iter().map(|ty| self.cost_of_type(ty, selections)).max().unwrap_or_default()
    }

    fn cost_of_type(&self, ty: &str, selections: &[&'a SelectionSet]) -> u64 {
        let mut fields: Vec<Vec<&'a Node<Field>>> = Vec::new();
        for selection in selections {
            self.collect(ty, selection, &mut fields);
        }
        fields.iter().map(|field| self.field(field)).sum()
    }

    /// Collects fields. Those with the same key in the response are one.
    fn collect(
        &self,
        ty: &str,
        selections: &'a SelectionSet,
        fields: &mut Vec<Vec<&'a Node<Field>>>,
    ) {
        for selection in &selections.selections {
            match selection {
                Selection::Field(field) => {
                    match fields
                        .iter_mut()
                        .find(|same| same[0].response_key() == field.response_key())
                    {
                        Some(same) => same.push(field),
                        None => fields.push(vec![field]),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.collect_fragment(ty, &fragment.selection_set, fields);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(self.document) {
                        self.collect_fragment(ty, &fragment.selection_set, fields);
                    }
                }
            }
        }
    }

    fn collect_fragment(
        &self,
        ty: &str,
        selections: &'a SelectionSet,
        fields: &mut Vec<Vec<&'a Node<Field>>>,
    ) {
        if selections.ty == ty || self.schema.is_subtype(&selections.ty, ty) {
            self.collect(ty, selections, fields);
        }
    }

    fn field(&self, same: &[&'a Node<Field>]) -> u64 {
        let field = same[0];
        let selections: Vec<&SelectionSet> =
            same.iter().map(|field| &field.selection_set).filter(|set| !set.is_empty()).collect();
        let own = 1 + if field.name == "projects" { PROJECTS } else { 0 };
        let cost = own + self.cost(&selections);
        if field.ty().inner_named_type().ends_with("Connection") {
            // Each element of a page adds a hundredth.
            cost + cost * self.page_size(field) / 100
        } else {
            cost
        }
    }

    fn page_size(&self, field: &Field) -> u64 {
        let asked = ["first", "last"].into_iter().filter_map(|name| {
            let value = field.specified_argument_by_name(name)?;
            match value.as_variable() {
                Some(variable) => self.variables.get(variable.as_str())?.as_u64(),
                None => value.to_i32().and_then(|size| u64::try_from(size).ok()),
            }
        });
        asked.chain([max_page_size(field.ty().inner_named_type())]).min().unwrap_or_default()
    }
}
