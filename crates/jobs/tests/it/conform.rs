//! The suite of what every store does, run on both. It holds no case of its own.

mod in_memory {
    journeyman_jobs::store_conforms!(journeyman_jobs::store::memory::Memory::new());
}

mod in_sqlite {
    use journeyman_jobs::store::sqlite::Sqlite;

    /// A file in a folder that goes after the test.
    struct Folder(Sqlite, #[expect(dead_code, reason = "it is kept for its drop")] tempfile::TempDir);

    fn new() -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sqlite::open(folder.path().join("jobs.db")).expect("a new file");
        Folder(store, folder)
    }

    journeyman_jobs::store_conforms!(new().0);
}
