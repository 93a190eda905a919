//! What we have hosts keep beside a state, opaque to them: that an object was imported, until an apply changes it.

const IMPORTED: &[u8] = br#"{"imported":true}"#;

/// What to keep beside an imported state.
pub(super) fn imported() -> Vec<u8> {
    IMPORTED.to_vec()
}

/// Whether the state beside these bytes was imported and not applied since.
pub(super) fn is_imported(private: &[u8]) -> bool {
    private == IMPORTED
}
