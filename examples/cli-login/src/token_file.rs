//! [`TokenFile`]: the user's token in a file that only the user can read.
//!
//! Windows has no file modes: there the file is as private as its folder, and a file that others can read
//! is not detected.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::future::ready;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use authlib_core::store::{
    FoundRow, Lease, LoginQuery, ReplaceOutcome, StoredToken, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result, Token};
use serde::{Deserialize, Serialize};

/// The most bytes that are read from the file.
const MAX_SIZE: u64 = 1024 * 1024;

/// A store for one token.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

/// The contents of the file.
#[derive(Serialize, Deserialize)]
struct Row {
    owner: TokenOwner,
    token: StoredToken,
}

impl TokenFile {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Checks that a token can be stored.
    pub(crate) fn prepare(&self) -> Result<()> {
        self.locked("writing").map(drop)
    }

    fn find(&self, owner: &TokenOwner) -> Result<Option<Token>> {
        let row = self.row()?.filter(|row| row.owner == *owner);
        Ok(row.map(|row| row.token.into()))
    }

    fn row(&self) -> Result<Option<Row>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("cannot be opened", &error)),
        };
        // The metadata of the open file: the path may have been replaced since.
        let metadata = file.metadata().map_err(|error| self.failed("cannot be read", &error))?;
        if let Some(mode) = others(&metadata) {
            let path = self.path.display();
            return Err(self
                .error(&format!("can be read by others (mode {mode:o})"))
                .with_hint(format!("run `chmod 600 {path}`, or delete it and log in again")));
        }
        let mut text = String::new();
        file.take(MAX_SIZE)
            .read_to_string(&mut text)
            .map_err(|error| self.failed("cannot be read", &error))?;
        // serde's error may quote the text, which contains a token.
        serde_json::from_str(&text).map(Some).map_err(|_| {
            self.error("does not contain a token").with_hint("delete it and log in again")
        })
    }

    /// Writes a new file, then renames it: if the program is stopped in between, the old file is intact.
    fn write(&self, owner: &TokenOwner, token: &Token) -> Result<()> {
        let failed = |error: io::Error| self.failed("cannot be written", &error);
        let row = Row { owner: owner.clone(), token: token.clone().into() };
        let text = serde_json::to_vec(&row).map_err(|error| failed(error.into()))?;
        let new = self.beside("new");
        // May be left over from an interrupted run; the lock excludes other writers.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut file = private_file().create_new(true).open(&new).map_err(failed)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        drop(file);
        written.and_then(|()| fs::rename(&new, &self.path)).map_err(failed)
    }

    /// Locks out other processes until the file is dropped or this process ends.
    fn locked(&self, what: &str) -> Result<File> {
        let file = self.open_lock(what)?;
        file.lock().map_err(|error| self.failed("cannot be locked", &error))?;
        Ok(file)
    }

    fn open_lock(&self, what: &str) -> Result<File> {
        let open = || {
            if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty())
            {
                private_folder(folder)?;
            }
            private_file().create(true).truncate(false).open(self.beside(what))
        };
        open().map_err(|error| self.failed("cannot be locked", &error))
    }

    fn try_lock(&self, file: &File) -> Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(self.failed("cannot be locked", &error)),
        }
    }

    fn beside(&self, what: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(what);
        name.into()
    }

    fn failed(&self, what: &str, error: &io::Error) -> Error {
        self.error(&format!("{what}: {error}"))
    }

    fn error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Store, format!("token file {} {what}", self.path.display()))
    }
}

impl TokenStore for TokenFile {
    fn load<'a>(&'a self, owner: &'a TokenOwner) -> BoxFuture<'a, Result<Option<Token>>> {
        Box::pin(ready(self.find(owner)))
    }

    fn save<'a>(&'a self, row: &'a TokenRow) -> BoxFuture<'a, Result<()>> {
        let save = || {
            let _lock = self.locked("writing")?;
            self.write(&row.owner, &row.token)
        };
        Box::pin(ready(save()))
    }

    /// The lock excludes other refreshes as long as the lease exists, so its fencing number is not compared.
    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        let replace = || {
            // Not the lock of the lease: it excludes logins and logouts between reading and writing.
            let _lock = self.locked("writing")?;
            let stored = self.find(lease.owner())?;
            let access_token = stored.as_ref().map(|token| &token.access_token);
            if access_token != old.map(|token| &token.access_token) {
                return Ok(ReplaceOutcome::Conflict(stored.map(Box::new)));
            }
            self.write(lease.owner(), new)?;
            Ok(ReplaceOutcome::Replaced)
        };
        Box::pin(ready(replace()))
    }

    /// The lease is a lock on a file; the system releases it when this process ends.
    fn acquire<'a>(
        &'a self,
        owner: &'a TokenOwner,
        _: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>>> {
        let acquire = || match self.open_lock("refreshing")? {
            file if self.try_lock(&file)? => {
                Ok(Some(Lease::new(owner.clone(), 0).with_guard(file)))
            }
            _ => Ok(None),
        };
        Box::pin(ready(acquire()))
    }

    fn release(&self, lease: Lease) -> BoxFuture<'_, Result<()>> {
        drop(lease);
        Box::pin(ready(Ok(())))
    }

    fn find_rows<'a>(&'a self, _: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<FoundRow>>> {
        Box::pin(ready(Err(no_logins())))
    }

    fn end_logins<'a>(
        &'a self,
        _: &'a LoginQuery,
        _: SystemTime,
        _: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(ready(Err(no_logins())))
    }

    fn logins_ended_at<'a>(
        &'a self,
        _: &'a [LoginQuery],
    ) -> BoxFuture<'a, Result<Option<SystemTime>>> {
        Box::pin(ready(Ok(None)))
    }

    fn delete<'a>(&'a self, _: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        let delete = || {
            let _lock = self.locked("writing")?;
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(self.failed("cannot be deleted", &error))
                }
                _ => Ok(()),
            }
        };
        Box::pin(ready(delete()))
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The mode of a file, if users other than its owner can read or write it.
#[cfg(unix)]
fn others(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn others(_: &fs::Metadata) -> Option<u32> {
    None
}

fn no_logins() -> Error {
    Error::new(ErrorKind::Unsupported, "the token file has no browser logins")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A store in its own folder.
    fn store(name: &str) -> (TokenFile, TokenOwner) {
        let folder = std::env::temp_dir().join(format!("cli-login-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        (TokenFile::at(folder.join("token.json")), TokenOwner::new("c", "u"))
    }

    fn clean(store: &TokenFile) {
        fs::remove_dir_all(store.path.parent().unwrap()).unwrap();
    }

    #[tokio::test]
    async fn replace_compares_with_the_refreshed_token() {
        let (store, owner) = store("replace");
        let (first, second, third) = (Token::bearer("1"), Token::bearer("2"), Token::bearer("3"));
        store.save(&TokenRow::new(owner.clone(), first.clone())).await.unwrap();
        let lease = store.acquire(&owner, MINUTE).await.unwrap().unwrap();
        let replaced = store.replace(&lease, Some(&first), &second).await.unwrap();
        assert!(matches!(replaced, ReplaceOutcome::Replaced));
        let lost = store.replace(&lease, Some(&first), &third).await.unwrap();
        let ReplaceOutcome::Conflict(Some(kept)) = lost else { panic!("{lost:?}") };
        assert_eq!(kept.access_token.expose(), "2");
        let stranger = TokenOwner::new("c", "U");
        assert!(store.load(&stranger).await.unwrap().is_none());
        store.delete(&owner).await.unwrap();
        store.delete(&owner).await.unwrap();
        let gone = store.replace(&lease, Some(&second), &third).await.unwrap();
        assert!(matches!(gone, ReplaceOutcome::Conflict(None)));
        clean(&store);
    }

    #[tokio::test]
    async fn lease_excludes_other_processes_until_it_is_released() {
        let (store, owner) = store("lock");
        let lease = store.acquire(&owner, MINUTE).await.unwrap().unwrap();
        assert!(store.acquire(&owner, MINUTE).await.unwrap().is_none());
        let other = File::open(store.beside("refreshing")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        // The lease does not block writing.
        store.save(&TokenRow::new(owner.clone(), Token::bearer("1"))).await.unwrap();
        store.release(lease).await.unwrap();
        other.try_lock().unwrap();
        clean(&store);
    }

    #[tokio::test]
    async fn leftover_of_an_interrupted_write_is_replaced() {
        let (store, owner) = store("left");
        store.prepare().unwrap();
        fs::write(store.beside("new"), "half").unwrap();
        store.save(&TokenRow::new(owner.clone(), Token::bearer("1"))).await.unwrap();
        assert!(store.load(&owner).await.unwrap().is_some());
        assert!(!store.beside("new").exists());
        clean(&store);
    }
}
