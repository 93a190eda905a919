//! Bodies of responses, with a limit on the memory of the large ones.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::MAX_BODY;

/// Size in bytes up to which responses are read concurrently without a limit.
const SMALL_BODY: usize = 256 * 1024;

/// Maximum number of responses above [`SMALL_BODY`] that are read or decoded concurrently.
const LARGE_BODIES: usize = 2;

/// The buffers of large bodies.
///
/// They are reused: an allocator that keeps freed memory for the thread that allocated it would
/// otherwise keep as many as there are threads.
#[derive(Debug)]
pub(super) struct Buffers {
    permits: Arc<Semaphore>,
    unused: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// Creates a pool without buffers. They are allocated when they are needed.
    pub(super) fn new() -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(LARGE_BODIES));
        Arc::new(Self { permits, unused: Mutex::default() })
    }
}

/// The body of a response, or its start.
#[derive(Debug, Default)]
pub(in crate::gitlab::sender) struct Body {
    bytes: Vec<u8>,
    /// The owner of the buffer, if the body is large.
    pool: Option<(Arc<Buffers>, OwnedSemaphorePermit)>,
}

impl Body {
    /// Appends a chunk. Waits for a buffer if the body becomes larger than [`SMALL_BODY`].
    ///
    /// The caller keeps the body within [`MAX_BODY`].
    pub(super) async fn append(&mut self, chunk: &[u8], buffers: &Arc<Buffers>) {
        let is_large = self.bytes.len() + chunk.len() > SMALL_BODY;
        if is_large
            && self.pool.is_none()
            && let Ok(permit) = Arc::clone(&buffers.permits).acquire_owned().await
        {
            let unused = buffers.unused.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut buffer = unused.unwrap_or_else(|| Vec::with_capacity(MAX_BODY));
            buffer.extend_from_slice(&self.bytes);
            self.bytes = buffer;
            self.pool = Some((Arc::clone(buffers), permit));
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// Appends a chunk of a body that the caller keeps within [`SMALL_BODY`].
    pub(super) fn append_small(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some((buffers, _permit)) = self.pool.take() {
            self.bytes.clear();
            let mut unused = buffers.unused.lock().unwrap_or_else(PoisonError::into_inner);
            unused.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn buffers_of_large_bodies_are_reused() {
        let buffers = Buffers::new();
        let mut addresses = Vec::new();
        for byte in 0..3 {
            let mut body = Body::default();
            for _ in 0..4 {
                body.append(&[byte; SMALL_BODY / 2], &buffers).await;
            }
            assert_eq!(*body, [byte; 2 * SMALL_BODY]);
            assert_eq!(buffers.permits.available_permits(), LARGE_BODIES - 1);
            addresses.push(body.as_ptr());
        }
        assert_eq!(addresses, [addresses[0]; 3]);
        assert_eq!(buffers.permits.available_permits(), LARGE_BODIES);
    }

    #[tokio::test]
    async fn small_bodies_need_no_buffer() {
        let buffers = Buffers::new();
        let mut body = Body::default();
        for _ in 0..2 {
            body.append(&[1; SMALL_BODY / 2], &buffers).await;
        }
        assert_eq!(body.len(), SMALL_BODY);
        drop(body);
        assert!(buffers.unused.lock().unwrap().is_empty());
    }
}
