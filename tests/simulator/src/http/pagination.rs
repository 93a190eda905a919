//! Offset pagination: the slice of a page, and its headers.

use super::api_response::ApiResponse;
use super::params::Params;

/// Page size without `per_page`.
pub(crate) const DEFAULT_PER_PAGE: usize = 20;
/// The maximum page size.
pub(crate) const MAX_PER_PAGE: usize = 100;

/// The requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    number: usize,
    size: usize,
}

/// The URL of a list for the `Link` header, and whether the totals are sent.
pub(crate) struct ListAddress<'a> {
    /// The absolute URL without the query.
    pub(crate) url: &'a str,
    pub(crate) query: &'a str,
    pub(crate) omits_totals: bool,
}

impl Page {
    /// Reads `page` and `per_page`. A page before the first is the first; a size below zero is the
    /// default.
    pub(crate) fn read(params: &Params) -> Result<Self, ApiResponse> {
        let mut check = params.check();
        let number = check.optional_number("page", 1);
        let size = check.optional_number("per_page", DEFAULT_PER_PAGE as i128);
        check.forbid("per_page", size == 0);
        check.done()?;
        Ok(Self {
            number: usize::try_from(number.max(1)).unwrap_or(usize::MAX),
            size: usize::try_from(size).map_or(DEFAULT_PER_PAGE, |size| size.min(MAX_PER_PAGE)),
        })
    }

    /// Returns the elements of the page; none beyond the end.
    pub(crate) fn slice<'l, T>(&self, list: &'l [T]) -> &'l [T] {
        let start = (self.number - 1).saturating_mul(self.size).min(list.len());
        &list[start..list.len().min(start + self.size)]
    }

    /// Adds the headers that tell a reader where it is in a list of `total` elements.
    pub(crate) fn headers(
        &self,
        mut response: ApiResponse,
        total: usize,
        address: &ListAddress<'_>,
    ) -> ApiResponse {
        let pages = total.div_ceil(self.size).max(1);
        let next = (self.number < pages).then(|| self.number + 1);
        // A page beyond the end has no previous page either.
        let previous = (self.number > 1 && self.number <= pages).then(|| self.number - 1);
        let last = (!address.omits_totals).then_some(pages);
        let relations = [("prev", previous), ("next", next), ("first", Some(1)), ("last", last)];
        let links: Vec<String> = relations
            .iter()
            .filter_map(|(rel, page)| {
                page.map(|page| format!("<{}>; rel=\"{rel}\"", self.address_of(page, address)))
            })
            .collect();
        response = response
            .with("link", links.join(", "))
            .with("x-page", self.number)
            .with("x-per-page", self.size)
            .with("x-next-page", next.map_or(String::new(), |page| page.to_string()))
            .with("x-prev-page", previous.map_or(String::new(), |page| page.to_string()));
        if !address.omits_totals {
            response = response.with("x-total", total).with("x-total-pages", pages);
        }
        response
    }

    fn address_of(&self, page: usize, address: &ListAddress<'_>) -> String {
        let others = address.query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !matches!(name, "" | "page" | "per_page")
        });
        let mut query: Vec<String> = others.map(str::to_owned).collect();
        query.push(format!("page={page}"));
        query.push(format!("per_page={}", self.size));
        format!("{}?{}", address.url, query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Page {
        Page::read(&Params::read(query, None, b"").unwrap()).unwrap()
    }

    #[test]
    fn default_size_is_20_and_the_largest_100() {
        assert_eq!(page(""), Page { number: 1, size: 20 });
        assert_eq!(page("per_page=1000&page=2"), Page { number: 2, size: 100 });
        assert_eq!(page("per_page=&page=-1"), Page { number: 1, size: 20 });
    }

    #[test]
    fn invalid_page_number_is_rejected() {
        for (query, message) in [
            ("page=x", "page is invalid"),
            ("per_page=1.5", "per_page is invalid"),
            ("per_page=0", "per_page has a value not allowed"),
            ("page=x&per_page=y", "page is invalid, per_page is invalid"),
        ] {
            let refused = Page::read(&Params::read(query, None, b"").unwrap());
            assert_eq!(refused, Err(ApiResponse::error(400, message)), "{query}");
        }
    }

    #[test]
    fn pages_split_the_list_without_gap_or_overlap() {
        let list: Vec<u32> = (0..201).collect();
        let pages: Vec<u32> = (1..=3)
            .flat_map(|n| page(&format!("page={n}&per_page=100")).slice(&list).to_vec())
            .collect();
        assert_eq!(pages, list);
        assert!(page("page=4&per_page=100").slice(&list).is_empty());
        assert!(page("page=99999999999999999999999").slice(&list).is_empty());
    }

    #[test]
    fn links_keep_the_other_parameters() {
        let address = ListAddress {
            url: "http://h/api",
            query: "order=asc&page=2&per_page=1",
            omits_totals: false,
        };
        let response = page("page=2&per_page=1").headers(ApiResponse::no_content(), 3, &address);
        let (_, link) = response.headers.iter().find(|(name, _)| *name == "link").unwrap();
        assert!(
            link.starts_with("<http://h/api?order=asc&page=1&per_page=1>; rel=\"prev\", "),
            "{link}"
        );
    }
}
