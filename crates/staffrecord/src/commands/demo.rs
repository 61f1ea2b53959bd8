use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    sync::Arc,
};

use access::{
    Door, NewPassword,
    recovery::{self, Request},
};
use clap::Args;
use demo::{LOGINS, Login, NEWCOMER, PASSWORD, ROLE_LOGINS, mailbox};
use jiff::tz::TimeZone;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use store::{Clock, Day, Db, Entropy, Instant, Options, Secret};
use tokio::sync::watch;
use web::{Client, Keys, Password, Site};

use super::{Ended, Failed, serve::End};
use crate::{
    Parts, Portal,
    serve::{self, Sole, Tls},
};

/// Run a portal with made-up employers and staff, in a folder of its own, reached from this machine only.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where its database, keys and mails are; a folder that goes with the demo unless named.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The port; 0 for any that is free.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve HTTPS to this network, with a certificate made now, for a phone in it.
    #[arg(long)]
    phone: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<Ended, Failed> {
        let passing = match &self.folder {
            Some(_) => None,
            None => Some(Passing::make()?),
        };
        let folder = match (&self.folder, &passing) {
            (Some(folder), _) => folder.clone(),
            (None, Some(Passing(folder))) => folder.clone(),
            (None, None) => return Err(Failed("no folder".into())),
        };
        let ended = self.serve(&folder).await;
        drop(passing);
        ended
    }

    async fn serve(&self, folder: &Path) -> Result<Ended, Failed> {
        fs::create_dir_all(folder)
            .map_err(|error| Failed(format!("{} cannot be made: {error}", folder.display())))?;
        let options = Options::new(format!("sqlite:{}", folder.join("staffrecord.sqlite").display()));
        let _sole = Sole::take(&options).map_err(Failed::because)?;
        let host = if self.phone { local_address()? } else { Ipv4Addr::LOCALHOST.into() };
        let listener = serve::listen(SocketAddr::new(
            if self.phone { Ipv4Addr::UNSPECIFIED.into() } else { host },
            self.port,
        ))
        .await;
        let listener = listener.map_err(Failed::because)?;
        let port = listener.local_addr().map_err(Failed::because)?.port();
        let address =
            if self.phone { format!("https://{host}:{port}") } else { format!("http://localhost:{port}") };
        let tls = if self.phone {
            Some(Tls { portal: Arc::new(made_certificate(host)?), card: None, content: None })
        } else {
            None
        };

        let (db, clock, entropy) =
            (Db::open(&options).await.map_err(Failed::because)?, Clock::system(), Entropy::system());
        db.migrate().await.map_err(Failed::because)?;
        let mails = folder.join("mail");
        let portal = self.portal(folder, &mails, &address, &db, &clock, &entropy)?;
        if demo::fill(&db, &clock, &entropy).await.map_err(Failed::because)? {
            demo::pay(&portal.payslips, folder).await.map_err(Failed::because)?;
            demo::teach(&portal.learning).await.map_err(Failed::because)?;
            // What that mails is sent before anybody looks for a link.
            portal.settle().await.map_err(Failed::because)?;
            for login in LOGINS.iter().chain(ROLE_LOGINS.iter().map(|(_, login)| login)) {
                set_password(&portal, &mails, login).await?;
            }
            demo::give_roles(&db, &clock, &entropy).await.map_err(Failed::because)?;
        }
        let (stop, stopped) = watch::channel(false);
        let router = serve::with_health(portal.router.clone(), db.clone());
        let (rest, resting) = watch::channel(false);
        let working = tokio::spawn(async move { portal.work(resting).await });
        let serving = tokio::spawn(serve::connections(listener, tls, Vec::new(), router, stopped));
        let end = End::wanted()?;
        welcome(&address, folder, self.phone, clock.now());
        end.wait().await;
        let _ = stop.send(true);
        let _ = serving.await;
        let _ = rest.send(true);
        let _ = working.await;
        db.close().await;
        Ok(Ended::Done)
    }

    fn portal(
        &self,
        folder: &Path,
        mails: &Path,
        address: &str,
        db: &Db,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Portal, Failed> {
        let mut site = Site::new("NHS Electronic Staff Record", address).map_err(Failed::because)?;
        site.demo = true;
        Portal::new(Parts {
            db: db.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            site,
            keys: Keys::open(&folder.join("keys"), entropy).map_err(Failed::because)?,
            access: access::Settings::default(),
            learning: learning::Settings {
                content_base: Some("content.localhost".to_owned()),
                ..learning::Settings::default()
            },
            payslips: payslips::Settings { demo_numbers: true, ..payslips::Settings::default() },
            transport: mail::Transport::folder(mails).map_err(Failed::because)?,
            sender: mail::Sender::new("portal@demo.example", Some("NHS Electronic Staff Record"), None)
                .map_err(Failed::because)?,
            anchor: Some(folder.join("audit-anchor.txt")),
            more_routes: mailbox::routes(mails.to_owned()),
            folder: folder.to_owned(),
        })
        .map_err(Failed::because)
    }
}

/// Sets somebody's password the way they would: by a request, the mail, and the link in it.
async fn set_password(portal: &Portal, mails: &Path, login: &Login) -> Result<(), Failed> {
    let app = &portal.access;
    let (day, month, year) = login.date_of_birth;
    let date_of_birth = format!("{year}-{month:0>2}-{day:0>2}").parse::<Day>().map_err(Failed::because)?;
    let request = Request {
        email: login.email.into(),
        date_of_birth,
        username: None,
        client: Client { address: Ipv4Addr::LOCALHOST.into(), hidden: false },
        door: Door::Staff,
    };
    recovery::request(app, request).await.map_err(Failed::because)?;
    portal.settle().await.map_err(Failed::because)?;
    let mail = mailbox::read(mails).map_err(Failed::because)?.into_iter().find(|mail| mail.to == login.email);
    let link = mail.and_then(|mail| mail.links.first().cloned()).unwrap_or_default();
    let secret = link.rsplit_once('=').and_then(|(_, secret)| Secret::parse(secret));
    let secret = secret.ok_or_else(|| Failed(format!("the demo mailed no link to {}", login.email)))?;
    let hash = app.hasher.hash(&Password::new(PASSWORD)).await.map_err(Failed::because)?;
    let by = recovery::UsedBy {
        browser: app.entropy.id(app.clock.now()),
        device: "the demo".into(),
        session: None,
        trace: access::Trace::system(),
    };
    recovery::set_password(app, &secret, NewPassword { hash, short: false }, by)
        .await
        .map_err(Failed::because)?;
    Ok(())
}

fn welcome(address: &str, folder: &Path, phone: bool, now: Instant) {
    say!("The portal is at {address}/ until you press Ctrl-C.");
    if phone {
        say!("The phone will warn of the certificate, since this demo made it itself: go on all the same.");
    }
    say!();
    say!("Log in with the password: {PASSWORD}");
    for login in &LOGINS {
        say!("  {}  {}", login.username, login.who);
    }
    say!("With a role, so that a second factor is set up first (a passkey of this computer, or an app):");
    for (_, login) in &ROLE_LOGINS {
        say!("  {}  {}", login.username, login.who);
    }
    let (day, month, year) = NEWCOMER.date_of_birth;
    say!("Or get a username and password as somebody new, with the link under the password:");
    say!("  {}, born {day}/{month}/{year}: {}", NEWCOMER.email, NEWCOMER.who);
    let files = demo::example_files(folder, now.day_in(&TimeZone::UTC));
    say!("Payroll finds the newest month waiting under Payslip runs. To try an upload:");
    say!("  {}  the month after it", files.good.display());
    say!("  {}  the same with errors", files.wrong.display());
    say!("Mails are at {address}/demo/mailbox");
    say!("Everything is in {}", folder.display());
}

/// A folder that goes when the demo ends.
struct Passing(PathBuf);

impl Passing {
    fn make() -> Result<Self, Failed> {
        use std::os::unix::fs::DirBuilderExt;
        let name =
            format!("staffrecord-demo-{}", Entropy::system().secret().reveal().get(..12).unwrap_or("0"));
        let folder = std::env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|error| Failed(format!("{}: {error}", folder.display())))?;
        Ok(Self(folder))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The address under which this machine is known in its network. Nothing is sent: the system only picks the way.
fn local_address() -> Result<IpAddr, Failed> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(Failed::because)?;
    let picked = socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).and_then(|()| socket.local_addr());
    picked
        .map(|address| address.ip())
        .map_err(|_| Failed("This machine is in no network, so no phone could reach it.".into()))
}

fn made_certificate(host: IpAddr) -> Result<ServerConfig, Failed> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![host.to_string(), "localhost".into()]).map_err(Failed::because)?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).map_err(Failed::because)?;
    serve::tls_config(vec![cert.der().clone()], key).map_err(Failed::because)
}
