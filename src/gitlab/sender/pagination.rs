//! Reads all pages of a list. A list is complete or an error.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LINK};
use url::Url;

use super::bounded::MAX_ELEMENTS;
use super::error::{Error, ErrorKind};
use super::request::Call;
use super::send::{ApiResponse, Sender};

/// Number of elements on a page: GitLab's maximum.
const PER_PAGE: usize = 100;

/// Maximum number of pages that are read concurrently: as many as the longest list has. If the
/// server announces more, they are read one by one.
const MAX_PAGES: u64 = 3;

/// Maximum number of reads of a list that changes between pages.
const MAX_READS: u32 = 3;

const NEXT_PAGE: &str = "x-next-page";
const TOTAL_PAGES: &str = "x-total-pages";
const TOTAL: &str = "x-total";

/// All elements of a list.
#[derive(Debug)]
pub(in crate::gitlab) struct Listing<T> {
    /// The elements without duplicates, by ID.
    pub(in crate::gitlab) by_id: BTreeMap<u64, T>,
    /// Whether the project itself is listed twice.
    pub(in crate::gitlab) is_twice: bool,
}

/// One read of all pages.
struct ListRead<T> {
    by_id: BTreeMap<u64, T>,
    pages: u64,
    /// The total of the last page.
    total: Option<u64>,
    /// Whether all pages had the same total, and no announced page was empty.
    is_consistent: bool,
    /// Whether the headers of the last page announce another.
    is_announced: bool,
    /// Whether the project itself is missing.
    lacks_project: bool,
    /// Whether the project itself is listed twice.
    twice: Twice,
}

/// Whether an element is listed twice. The total then counts it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twice {
    No,
    /// On two pages, which also happens to an element that moves between them.
    OnTwoPages,
    OnOnePage,
}

impl Sender {
    /// Reads a whole list. The first page announces the number of pages; the others are then read
    /// concurrently.
    ///
    /// GitLab guarantees no order, so an element can move to a page that was already read. If there
    /// are fewer elements than the total, or the total changes, the list is read again. The element
    /// `project` is always on the list, and may be listed and counted twice.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Incomplete`] if the list stays incomplete,
    /// [`ErrorKind::InvalidResponse`] if it exceeds GitLab's limit, and the errors of
    /// [`Self::send`].
    pub(in crate::gitlab) async fn list<T>(
        &self,
        call: &Call<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<Listing<T>, Error>
    where
        Call<Vec<T>>: Clone,
    {
        let mut list_read = self.read_pages(call, id, project).await?;
        let mut reads = 1;
        while !list_read.is_whole() && reads < MAX_READS {
            tracing::debug!(path = call.line().path, "the list changed while it was read");
            let before = list_read;
            list_read = self.read_pages(call, id, project).await?;
            reads += 1;
            if list_read.confirms(&before) {
                return Ok(list_read.into_listing());
            }
        }
        if !list_read.is_whole() {
            return Err(list_read.incomplete(call));
        }
        Ok(list_read.into_listing())
    }

    async fn read_pages<T>(
        &self,
        call: &Call<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<ListRead<T>, Error>
    where
        Call<Vec<T>>: Clone,
    {
        let page = |number: u64| {
            let call = call.clone().with("per_page", PER_PAGE).with("page", number);
            async move { self.send(&call).await }
        };
        let first = page(1).await?;
        let pages = number(&first.headers, TOTAL_PAGES).unwrap_or(1);
        let mut list_read = ListRead {
            by_id: BTreeMap::new(),
            pages: 0,
            total: None,
            is_consistent: true,
            is_announced: false,
            lacks_project: false,
            twice: Twice::No,
        };
        let mut next = list_read.add(call, first, id, project)?;
        if next.is_some() && (2..=MAX_PAGES).contains(&pages) {
            for response in try_join_all((2..=pages).map(page)).await? {
                next = list_read.add(call, response, id, project)?;
            }
        }
        while let Some(number) = next {
            next = list_read.add(call, page(number).await?, id, project)?;
        }
        list_read.lacks_project =
            project.is_some_and(|project| !list_read.by_id.contains_key(&project));
        Ok(list_read)
    }
}

impl<T> ListRead<T> {
    /// Adds a page and returns the number of the next one.
    fn add(
        &mut self,
        call: &Call<Vec<T>>,
        response: ApiResponse<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let ApiResponse { value: elements, headers, history } = response;
        let (count, known) = (elements.len(), self.by_id.len());
        if let Some(project) = project {
            let places = elements.iter().filter(|element| id(element) == project).count();
            match (places, self.by_id.contains_key(&project)) {
                (2.., _) => self.twice = Twice::OnOnePage,
                (1, true) => self.twice = Twice::OnTwoPages,
                _ => {}
            }
        }
        self.by_id.extend(elements.into_iter().map(|element| (id(&element), element)));
        self.pages += 1;
        let unreadable = |reason: &str, history| {
            let status = Some(StatusCode::OK);
            Error::new(
                ErrorKind::InvalidResponse,
                call.line(),
                status,
                Some(reason.to_owned()),
                history,
            )
        };
        let total = number(&headers, TOTAL);
        if total.is_none() && headers.contains_key(TOTAL) {
            return Err(unreadable("`X-Total` isn't a number", history));
        }
        self.is_consistent &= self.pages == 1 || total == self.total;
        self.is_consistent &= count > 0 || !self.is_announced;
        self.is_announced = headers.contains_key(NEXT_PAGE) || headers.contains_key(LINK);
        self.total = total;
        let nothing_new = self.by_id.len() == known;
        let next = next_page(self.pages, &headers, count).and_then(|next| match next {
            Some(_) if nothing_new => Err("one page repeats another"),
            _ if self.by_id.len() > MAX_ELEMENTS => Err("the list is longer than GitLab's limit"),
            next => Ok(next),
        });
        next.map_err(|reason| unreadable(reason, history))
    }

    fn is_whole(&self) -> bool {
        self.is_consistent
            && !self.lacks_project
            && self.holds_all_but(usize::from(self.twice == Twice::OnOnePage))
    }

    fn into_listing(self) -> Listing<T> {
        Listing { is_twice: self.twice != Twice::No, by_id: self.by_id }
    }

    /// Returns the error for a list with missing elements.
    fn incomplete(&self, call: &Call<Vec<T>>) -> Error {
        let held = self.by_id.len();
        let message = match (self.total, self.lacks_project) {
            (_, true) => format!("the project itself is missing, read {MAX_READS} times"),
            (Some(counted), _) => {
                format!(
                    "GitLab counts {counted} elements, and its pages hold {held}, read \
                     {MAX_READS} times"
                )
            }
            (None, _) => {
                format!("a page that GitLab announces is empty, read {MAX_READS} times")
            }
        };
        Error::unsent(ErrorKind::Incomplete, call.line(), Some(&message))
    }

    /// Returns whether two equal reads show that the list is complete, although its total counts an
    /// element twice that both reads found on two pages.
    fn confirms(&self, before: &Self) -> bool {
        let is_same = self.is_consistent
            && !self.lacks_project
            && self.total == before.total
            && self.by_id.keys().eq(before.by_id.keys());
        is_same && self.twice != Twice::No && before.twice != Twice::No && self.holds_all_but(1)
    }

    fn holds_all_but(&self, missing: usize) -> bool {
        let counted = usize::try_from(self.total.unwrap_or_default()).unwrap_or(usize::MAX);
        self.by_id.len() + missing >= counted
    }
}

/// Returns the number of the page after page `current`, which has `count` elements, or `None` if it
/// is the last.
///
/// Uses `x-next-page`, else `link`. Without these headers, another page follows a full page.
///
/// # Errors
///
/// Fails if the headers announce another page than `current + 1`, which could loop forever.
pub fn next_page(
    current: u64,
    headers: &HeaderMap,
    count: usize,
) -> Result<Option<u64>, &'static str> {
    let claimed = match (text(headers, NEXT_PAGE), text(headers, LINK.as_str())) {
        (Some(""), _) => None,
        (Some(number), _) => Some(number.parse().ok()),
        (None, Some(link)) => next_in_link(link),
        (None, None) => (count >= PER_PAGE).then_some(current.checked_add(1)),
    };
    match claimed {
        None => Ok(None),
        Some(Some(next)) if current.checked_add(1) == Some(next) => Ok(Some(next)),
        Some(_) => Err("the next page is not the one after this"),
    }
}

/// Returns the page number of the link with `rel="next"`: `None` without such a link, `Some(None)`
/// if it has no valid number.
fn next_in_link(link: &str) -> Option<Option<u64>> {
    let next =
        link.split(',').find(|part| part.contains("rel=\"next\"") || part.contains("rel=next"))?;
    let url = next.split(['<', '>']).nth(1).and_then(|target| Url::parse(target).ok());
    let page = url.and_then(|url| url.query_pairs().find(|(key, _)| key == "page")?.1.parse().ok());
    Some(page)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests;
