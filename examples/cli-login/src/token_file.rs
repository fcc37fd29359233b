//! [`TokenFile`]: the token of one person, in a file that nobody else can read.
//!
//! On Windows files have no modes: there the file is as private as the folder that it is in, and one that
//! others can read is not noticed.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::future::ready;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use authlib_core::store::{
    Lease, LoginQuery, ReplaceOutcome, StoredToken, TokenOwner, TokenRow, TokenStore,
};
use authlib_core::transport::BoxFuture;
use authlib_core::{Error, ErrorKind, Result, Token};
use serde::{Deserialize, Serialize};

/// The most bytes of a file that is read.
const MAX_SIZE: u64 = 1024 * 1024;

/// A store with room for one token.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Row {
    owner: TokenOwner,
    token: StoredToken,
}

impl TokenFile {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes sure that a token can be kept.
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
            Err(error) => return Err(self.failed("can't be opened", &error)),
        };
        // Of what was opened, and not of what may be at the path by now.
        let metadata = file.metadata().map_err(|error| self.failed("can't be read", &error))?;
        if let Some(mode) = others(&metadata) {
            let path = self.path.display();
            return Err(self
                .error(&format!("can be read by others (mode {mode:o})"))
                .with_hint(format!("say `chmod 600 {path}`, or delete it and log in again")));
        }
        let mut text = String::new();
        file.take(MAX_SIZE)
            .read_to_string(&mut text)
            .map_err(|error| self.failed("can't be read", &error))?;
        // What serde reports may quote the text, which holds a token.
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| self.error("holds no token").with_hint("delete it and log in again"))
    }

    /// The file as it was until the new one is whole: a program that is stopped in the middle loses
    /// nothing.
    fn write(&self, owner: &TokenOwner, token: &Token) -> Result<()> {
        let failed = |error: io::Error| self.failed("can't be written", &error);
        let row = Row { owner: owner.clone(), token: token.clone().into() };
        let text = serde_json::to_vec(&row).map_err(|error| failed(error.into()))?;
        let new = self.beside("new");
        // One that an earlier run left behind; with the lock held nobody else writes it.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut file = private_file().create_new(true).open(&new).map_err(failed)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        drop(file);
        written.and_then(|()| fs::rename(&new, &self.path)).map_err(failed)
    }

    /// Holds other processes off until the file is dropped, or its process has ended.
    fn locked(&self, what: &str) -> Result<File> {
        let file = self.open_lock(what)?;
        file.lock().map_err(|error| self.failed("can't be locked", &error))?;
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
        open().map_err(|error| self.failed("can't be locked", &error))
    }

    fn try_lock(&self, file: &File) -> Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(self.failed("can't be locked", &error)),
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
        Error::new(ErrorKind::Store, format!("the token's file {} {what}", self.path.display()))
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

    /// A lease ends with its lock: nobody else refreshes while it is there, so its number needs no look.
    fn replace<'a>(
        &'a self,
        lease: &'a Lease,
        old: Option<&'a Token>,
        new: &'a Token,
    ) -> BoxFuture<'a, Result<ReplaceOutcome>> {
        let replace = || {
            // Another lock than that of the lease: nobody logs in or out between the look and the writing.
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

    /// The lease is the lock on a file: the system lets it go when this program ends, in whatever way.
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

    fn find_logins<'a>(&'a self, _: &'a LoginQuery) -> BoxFuture<'a, Result<Vec<TokenOwner>>> {
        let error = Error::new(ErrorKind::Unsupported, "the token file has no browser logins");
        Box::pin(ready(Err(error)))
    }

    fn delete<'a>(&'a self, _: &'a TokenOwner) -> BoxFuture<'a, Result<()>> {
        let delete = || {
            let _lock = self.locked("writing")?;
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(self.failed("can't be deleted", &error))
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

/// The mode of a file that not only its owner can read or write.
#[cfg(unix)]
fn others(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn others(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A store in a folder of its own.
    fn store(name: &str) -> (TokenFile, TokenOwner) {
        let folder = std::env::temp_dir().join(format!("cli-login-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        (TokenFile::at(folder.join("token.json")), TokenOwner::new("c", "u"))
    }

    fn clean(store: &TokenFile) {
        fs::remove_dir_all(store.path.parent().unwrap()).unwrap();
    }

    #[tokio::test]
    async fn a_replace_wins_only_over_the_token_that_it_renewed() {
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
    async fn the_lock_holds_other_processes_off_until_it_is_dropped() {
        let (store, owner) = store("lock");
        let lease = store.acquire(&owner, MINUTE).await.unwrap().unwrap();
        assert!(store.acquire(&owner, MINUTE).await.unwrap().is_none());
        let other = File::open(store.beside("refreshing")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        // Who holds it can write.
        store.save(&TokenRow::new(owner.clone(), Token::bearer("1"))).await.unwrap();
        store.release(lease).await.unwrap();
        other.try_lock().unwrap();
        clean(&store);
    }

    #[tokio::test]
    async fn what_a_stopped_program_left_behind_is_in_nobodys_way() {
        let (store, owner) = store("left");
        store.prepare().unwrap();
        fs::write(store.beside("new"), "half").unwrap();
        store.save(&TokenRow::new(owner.clone(), Token::bearer("1"))).await.unwrap();
        assert!(store.load(&owner).await.unwrap().is_some());
        assert!(!store.beside("new").exists());
        clean(&store);
    }
}
