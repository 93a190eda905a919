//! Reading a list that comes in pages, whole or not at all. The server says which page is next and
//! how many there are; this file believes it as long as it makes sense.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LINK};
use url::Url;

use super::bounded::MOST_ELEMENTS;
use super::error::{Error, ErrorKind};
use super::request::Call;
use super::send::{Answer, Sender};

/// Elements on a page: the most that GitLab gives.
const PER_PAGE: usize = 100;

/// The most pages that a list as long as GitLab lets one be has. Where a server claims more, they
/// are read one by one.
const MOST_PAGES: u64 = 3;

/// Maximum number of readings of a list whose elements move between pages meanwhile.
const MOST_READINGS: u32 = 3;

const NEXT_PAGE: &str = "x-next-page";
const TOTAL_PAGES: &str = "x-total-pages";
const TOTAL: &str = "x-total";

/// All elements of a list.
#[derive(Debug)]
pub(in crate::gitlab) struct Listing<T> {
    /// Each element once, by ID.
    pub(in crate::gitlab) by_id: BTreeMap<u64, T>,
    /// The element that may be listed twice is.
    pub(in crate::gitlab) is_twice: bool,
}

/// One reading of all pages.
struct Reading<T> {
    by_id: BTreeMap<u64, T>,
    pages: u64,
    /// The total that the server counts, by the last page that had it.
    total: Option<u64>,
    /// No two pages told different totals, and no page that was announced is empty.
    steady: bool,
    /// The headers of the last page announce another.
    is_announced: bool,
    /// The element that must be there is missing.
    lacks_project: bool,
    /// The places of the element that may be listed twice: the page of the first, and whether the
    /// second is on that page.
    twice: Twice,
}

/// The places of an element that a list may hold twice, which its total then counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twice {
    No,
    /// Once on each of two pages, as an element is that moved while they were read.
    OnTwoPages,
    OnOnePage,
}

impl Sender {
    /// All elements of a list, each once, sorted by `id`. The first page tells how many there are;
    /// the others are then fetched at the same time.
    ///
    /// GitLab promises no order, so that an element can slip from a page not yet read to one that
    /// was. When fewer came than the server counts, or its count changed on the way, the list is
    /// read again. The element `project` is always there, and may be listed, and counted, two
    /// times.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Incomplete`] for a list that stays so, [`ErrorKind::Unreadable`] for one longer
    /// than GitLab lets one be; and whatever keeps GitLab from answering.
    pub(in crate::gitlab) async fn list<T>(
        &self,
        call: &Call<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<Listing<T>, Error>
    where
        Call<Vec<T>>: Clone,
    {
        let mut reading = self.read_pages(call, id, project).await?;
        let mut readings = 1;
        while !reading.is_whole() && readings < MOST_READINGS {
            tracing::debug!(path = call.line().path, "the list changed while it was read");
            let before = reading;
            reading = self.read_pages(call, id, project).await?;
            readings += 1;
            if reading.confirms(&before) {
                return Ok(reading.into_listing());
            }
        }
        if !reading.is_whole() {
            return Err(reading.incomplete(call));
        }
        Ok(reading.into_listing())
    }

    async fn read_pages<T>(
        &self,
        call: &Call<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<Reading<T>, Error>
    where
        Call<Vec<T>>: Clone,
    {
        let page = |number: u64| {
            let call = call.clone().with("per_page", PER_PAGE).with("page", number);
            async move { self.send(&call).await }
        };
        let first = page(1).await?;
        let pages = number(&first.headers, TOTAL_PAGES).unwrap_or(1);
        let mut reading = Reading {
            by_id: BTreeMap::new(),
            pages: 0,
            total: None,
            steady: true,
            is_announced: false,
            lacks_project: false,
            twice: Twice::No,
        };
        let mut next = reading.add(call, first, id, project)?;
        if next.is_some() && (2..=MOST_PAGES).contains(&pages) {
            for answer in try_join_all((2..=pages).map(page)).await? {
                next = reading.add(call, answer, id, project)?;
            }
        }
        while let Some(number) = next {
            next = reading.add(call, page(number).await?, id, project)?;
        }
        reading.lacks_project =
            project.is_some_and(|project| !reading.by_id.contains_key(&project));
        Ok(reading)
    }
}

impl<T> Reading<T> {
    /// Takes in the next page and returns the number of the one after it.
    fn add(
        &mut self,
        call: &Call<Vec<T>>,
        answer: Answer<Vec<T>>,
        id: fn(&T) -> u64,
        project: Option<u64>,
    ) -> Result<Option<u64>, Error> {
        let Answer { value: elements, headers, history } = answer;
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
            Error::new(ErrorKind::Unreadable, call.line(), status, Some(reason.to_owned()), history)
        };
        let total = number(&headers, TOTAL);
        if total.is_none() && headers.contains_key(TOTAL) {
            return Err(unreadable("`X-Total` isn't a number", history));
        }
        self.steady &= self.pages == 1 || total == self.total;
        self.steady &= count > 0 || !self.is_announced;
        self.is_announced = headers.contains_key(NEXT_PAGE) || headers.contains_key(LINK);
        self.total = total;
        let nothing_new = self.by_id.len() == known;
        let next = next_page(self.pages, &headers, count).and_then(|next| match next {
            Some(_) if nothing_new => Err("one page repeats another"),
            _ if self.by_id.len() > MOST_ELEMENTS => Err("the list is longer than GitLab's limit"),
            next => Ok(next),
        });
        next.map_err(|reason| unreadable(reason, history))
    }

    fn is_whole(&self) -> bool {
        self.steady
            && !self.lacks_project
            && self.holds_all_but(usize::from(self.twice == Twice::OnOnePage))
    }

    fn into_listing(self) -> Listing<T> {
        Listing { is_twice: self.twice != Twice::No, by_id: self.by_id }
    }

    /// Returns the error of a list that proves nothing, since elements are missing.
    fn incomplete(&self, call: &Call<Vec<T>>) -> Error {
        let held = self.by_id.len();
        let words = match (self.total, self.lacks_project) {
            (_, true) => format!("the project itself is missing, read {MOST_READINGS} times"),
            (Some(counted), _) => {
                format!(
                    "GitLab counts {counted} elements, and its pages hold {held}, read \
                     {MOST_READINGS} times"
                )
            }
            (None, _) => {
                format!("a page that GitLab announces is empty, read {MOST_READINGS} times")
            }
        };
        Error::unsent(ErrorKind::Incomplete, call.line(), Some(&words))
    }

    /// Checks whether two readings that found the same lack no more than an element that both found
    /// on two pages.
    fn confirms(&self, before: &Self) -> bool {
        let is_same = self.steady
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

/// The number of the page after page `current` of a list, which had `count` elements: none on the
/// last page.
///
/// `x-next-page` is believed first, then `link`. A server whose headers were lost on the way is
/// asked on as long as its pages are full.
///
/// # Errors
///
/// In words, when the server names any page but `current + 1`: following it might never end.
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

/// The `page` of the link with `rel="next"`: outer nothing without such a link, inner nothing
/// without a number in it.
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
