//! The attribute `#[test]` of the acceptance tests. Rust's own hands a test to a harness that can't
//! ignore it at run time; this one registers it with `tests/acceptance/harness.rs`.

use proc_macro::{TokenStream, TokenTree};

/// Registers a function, which may be `async`, as a test under its path.
#[proc_macro_attribute]
pub fn test(_: TokenStream, function: TokenStream) -> TokenStream {
    let words: Vec<String> = function
        .clone()
        .into_iter()
        .map_while(|token| match token {
            // The body; what stands before it names the function.
            TokenTree::Group(group) if group.delimiter() == proc_macro::Delimiter::Brace => None,
            other => Some(other.to_string()),
        })
        .collect();
    let name =
        words.iter().skip_while(|word| *word != "fn").nth(1).expect("an attribute of a function");
    let run = if words.iter().any(|word| word == "async") {
        format!("|| crate::harness::block_on({name}())")
    } else {
        name.clone()
    };
    let path = format!("::core::concat!(::core::module_path!(), \"::{name}\")");
    let registered =
        format!("::inventory::submit! {{ crate::harness::Test {{ path: {path}, run: {run} }} }}");
    let registered: TokenStream = registered.parse().expect("the code above");
    function.into_iter().chain(registered).collect()
}
