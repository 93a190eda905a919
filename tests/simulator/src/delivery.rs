//! Turns a response into the response on the wire: at once, in pieces, or truncated.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use futures_util::{StreamExt, stream};

use crate::faults::Delivery;
use crate::http::ApiResponse;

/// Number of parts of a trickled body.
const PIECES: usize = 8;

/// Time to send the first half of a truncated body before the connection ends.
const FLUSH: Duration = Duration::from_millis(30);

/// The content of a flood: spaces after JSON keep it valid, so that only its size is an error.
static BLANKS: [u8; 1 << 16] = [b' '; 1 << 16];

/// Makes the response.
pub(crate) fn deliver(source: ApiResponse, delivery: Delivery) -> Response<Body> {
    let length = source.body.len();
    let body = match delivery {
        Delivery::Whole => Body::from(source.body),
        Delivery::Trickled(pause) => trickled(source.body, pause),
        Delivery::BrokenOff => broken_off(source.body),
        Delivery::Flooded(bytes) => flooded(source.body, bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(source.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in source.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    if matches!(delivery, Delivery::Trickled(_) | Delivery::BrokenOff) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn trickled(body: Vec<u8>, pause: Duration) -> Body {
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(piece)
    }))
}

fn broken_off(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let end = stream::once(async {
        tokio::time::sleep(FLUSH).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(stream::iter([Ok(Bytes::from(body))]).chain(end))
}

fn flooded(body: Vec<u8>, bytes: usize) -> Body {
    let blanks = (0..bytes.div_ceil(BLANKS.len())).map(move |sent| {
        let left = bytes - sent * BLANKS.len();
        Bytes::from_static(&BLANKS[..left.min(BLANKS.len())])
    });
    let pieces = std::iter::once(Bytes::from(body)).chain(blanks);
    Body::from_stream(stream::iter(pieces.map(Ok::<_, io::Error>)))
}
