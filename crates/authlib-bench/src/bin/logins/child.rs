//! An application in a process of its own.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::Outcome;

pub(crate) struct App {
    pub name: &'static str,
    pub base_url: String,
    child: Child,
}

impl App {
    pub(crate) async fn start(name: &'static str, issuer: &str) -> Outcome<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", name, &port.to_string(), issuer])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let app = Self { name, base_url: format!("http://127.0.0.1:{port}"), child };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(app);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("{name} did not start").into())
    }

    /// What all threads of the process have used, user and system time.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let field = text.split_whitespace().next().ok_or("no time of the thread")?;
            sum += field.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(sum))
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
