//! The load driver: 64 browsers log in, look at their profile and log out, again and again, at an example
//! app that runs in a process of its own, against the embedded provider in this one.
//!
//! `load SECONDS PROGRAM...` prints one line for each program: logins, failures, logins per second of the
//! app's processor time (which is per core), peak memory, and how memory grew in the second half.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use authlib_provider::{Provider, Server, TestClient, TestUser};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many browsers log in at once.
const BROWSERS: usize = 64;

/// The kernel's clock ticks of `/proc/PID/stat`, which are 100 a second on all Linux of today.
const TICKS: f64 = 100.0;

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug)]
struct Usage {
    cpu_seconds: f64,
    resident_kib: u64,
    peak_kib: u64,
}

/// A running example app.
struct App {
    child: Child,
    base_url: String,
}

impl App {
    async fn start(program: &str, issuer: &str) -> Outcome<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("authlib-load-{port}"));
        fs::create_dir_all(&folder)?;
        let config = format!(
            "[oauth.op]\nclient_id = 'app'\nclient_secret = 'load-secret'\nissuer = '{issuer}'\n\
             scope = 'openid profile email'\n"
        );
        fs::write(folder.join("authlib.toml"), config)?;
        let child = Command::new(program)
            .env("PORT", port.to_string())
            .env("AUTHLIB_CONFIG", folder.join("authlib.toml"))
            .env("RUST_LOG", "warn")
            .env("ROCKET_LOG_LEVEL", "off")
            .env("ROCKET_SECRET_KEY", "hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        let app = Self { child, base_url: format!("http://localhost:{port}") };
        for _ in 0..200 {
            let answer = reqwest::get(format!("{}/healthz", app.base_url)).await;
            if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                return Ok(app);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("{program} did not become healthy").into())
    }

    fn usage(&self) -> Outcome<Usage> {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        let stat = fs::read_to_string(folder.join("stat"))?;
        // The name may hold blanks: what counts comes behind its bracket.
        let rest = stat.rsplit_once(')').ok_or("no process status")?.1;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let ticks = |place: usize| -> Outcome<f64> {
            Ok(fields.get(place).ok_or("a short process status")?.parse()?)
        };
        let status = fs::read_to_string(folder.join("status"))?;
        let kib = |name: &str| -> Outcome<u64> {
            let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory")?;
            Ok(line.split_whitespace().nth(1).ok_or("no memory")?.parse()?)
        };
        Ok(Usage {
            cpu_seconds: (ticks(11)? + ticks(12)?) / TICKS,
            resident_kib: kib("VmRSS:")?,
            peak_kib: kib("VmHWM:")?,
        })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn location(answer: &Response) -> Outcome<String> {
    let status = answer.status();
    let header = answer.headers().get(LOCATION).ok_or(format!("{status} and no redirect"))?;
    Ok(header.to_str()?.to_owned())
}

/// One login from its start to its logout.
async fn log_in(browser: &reqwest::Client, base_url: &str, provider: &Provider) -> Outcome {
    let start = browser.get(format!("{base_url}/login/op?next=/profile")).send().await?;
    let back = provider.approve(&location(&start)?, "alice").ok_or("the login was not approved")?;
    let finish = browser.get(back).send().await?;
    if location(&finish)? != "/profile" {
        return Err("the login did not end at its next page".into());
    }
    let profile: serde_json::Value =
        browser.get(format!("{base_url}/profile")).send().await?.json().await?;
    if profile["sub"] != "alice" {
        return Err("the profile is not Alice's".into());
    }
    location(&browser.post(format!("{base_url}/logout")).send().await?)?;
    Ok(())
}

fn browser() -> Outcome<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(Policy::none()).cookie_store(true);
    Ok(builder.no_proxy().timeout(Duration::from_secs(20)).build()?)
}

async fn measure(program: &str, seconds: u64) -> Outcome<bool> {
    let server = Server::start(|issuer| {
        let client = TestClient::confidential("app", "load-secret").any_loopback_redirect();
        Provider::builder(issuer).client(client).user(TestUser::new("alice").name("Alice")).build()
    })
    .await?;
    let app = App::start(program, server.issuer()).await?;
    let counters = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut browsers = Vec::new();
    for _ in 0..BROWSERS {
        let (counters, base_url) = (counters.clone(), app.base_url.clone());
        let (provider, browser) = (server.provider().clone(), browser()?);
        browsers.push(tokio::spawn(async move {
            while Instant::now() < end {
                match log_in(&browser, &base_url, &provider).await {
                    Ok(()) => counters.0.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        eprintln!("a login was lost: {error}");
                        counters.1.fetch_add(1, Ordering::Relaxed)
                    }
                };
            }
        }));
    }
    let mut resident = Vec::new();
    let before = app.usage()?;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1)).await;
        resident.push(app.usage()?.resident_kib);
        server.provider().clear_requests();
    }
    for browser in browsers {
        browser.await?;
    }
    let after = app.usage()?;
    let (done, lost) = (counters.0.load(Ordering::Relaxed), counters.1.load(Ordering::Relaxed));
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    let (half, full) = (median(&resident, 2), median(&resident, 1));
    let cpu = after.cpu_seconds - before.cpu_seconds;
    println!(
        "{name}: {done} logins, {lost} lost, {:.0} logins/s, {:.0} logins per second of processor time, \
         peak {:.1} MiB, {:.1} MiB in the middle and {:.1} MiB at the end",
        done as f64 / seconds as f64,
        done as f64 / cpu,
        mib(after.peak_kib),
        mib(half),
        mib(full),
    );
    Ok(lost == 0)
}

/// The median of the last five samples before the middle (2) or the end (1).
fn median(samples: &[u64], part: usize) -> u64 {
    let end = samples.len() / part;
    let mut window: Vec<_> = samples[end.saturating_sub(5)..end].to_vec();
    window.sort_unstable();
    window.get(window.len() / 2).copied().unwrap_or_default()
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let seconds =
        arguments.next().and_then(|text| text.parse().ok()).ok_or("load SECONDS PROGRAM...")?;
    let mut whole = true;
    for program in arguments {
        whole &= measure(&program, seconds).await?;
    }
    if whole { Ok(()) } else { Err("logins were lost".into()) }
}
