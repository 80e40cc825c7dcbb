//! One `cargo local`, from its first line on the terminal to Ctrl-C.

use std::{
    convert::Infallible,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    pin::pin,
};

use anyhow::{Context, Result, anyhow, ensure};
use local::{
    cargo_lambda, compile,
    data::Data,
    options::Serve,
    run::{Plan, Running, Settings},
    telling,
    template::Template,
    terminal::{self, BAD, BOLD, DIM, GOOD},
    watch::Sources,
    workspace::Workspace,
};
use pairs::{Random, Wallet};
use story::{Cast, Http, Story};
use tokio::signal::unix::{SignalKind, signal};

/// Serves until Ctrl-C.
///
/// # Errors
/// When something doesn't start or can't go on, and at the end when the story has failed.
pub async fn serve(workspace: Workspace, folder: &Path, options: Serve) -> Result<()> {
    let data = Data::take(folder)?.shielding_children();
    let listener = listen(options.port)?;
    let mut sources = Sources::watch(&workspace.root)?;
    let mut stopped = pin!(stop_signal()?);
    let mut running = tokio::select! {
        started = start(&workspace, data, listener, &options) => started?,
        () = &mut stopped => return Ok(()),
    };
    let plays = !options.no_demo && options.authorizer.is_none();
    let mut played = Ok(());
    let served = tokio::select! {
        Err(error) = attend(&mut running, &workspace, &mut sources, plays, &mut played) => Err(error),
        () = &mut stopped => Ok(()),
    };
    running.stop().await?;
    served.and(played)
}

/// Takes the port before anything that takes long.
fn listen(port: u16) -> Result<TcpListener> {
    let in_use = || anyhow!("port {port} is in use: stop what listens there, or choose another with --port");
    ensure!(!is_answered(port), in_use());
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => in_use(),
        _ => anyhow!(error).context(format!("can't listen on port {port}")),
    })
}

/// macOS lets a program bind 127.0.0.1 beside another that listens on all addresses, and `localhost` can mean `[::1]`.
fn is_answered(port: u16) -> bool {
    let answers = |host: IpAddr| TcpStream::connect((host, port)).is_ok();
    answers(Ipv4Addr::LOCALHOST.into()) || answers(Ipv6Addr::LOCALHOST.into())
}

/// Completes at Ctrl-C, at a polite end from outside, and when the terminal closes.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

async fn start(workspace: &Workspace, data: Data, listener: TcpListener, options: &Serve) -> Result<Running> {
    let authorizer = options.authorizer.as_deref().map(program).transpose()?;
    let template = Template::read(&workspace.template())?;
    let cargo_lambda = cargo_lambda::installed(&workspace.target).await?;
    terminal::say("Building the functions: minutes the first time (the AWS SDK is large), then seconds");
    let executables = compile::functions(workspace, &template.binaries)
        .await
        .map_err(|error| anyhow!("the functions don't build: {}", headline(&error)))?;
    Running::start(Settings {
        root: workspace.root.clone(),
        template,
        data,
        listener,
        cargo_lambda,
        executables,
        webhook_secret: options.webhook_secret.clone(),
        authorizer,
        keeps_rates: options.rate,
    })
    .await
}

/// The path of the user's authorizer, which a later change of folder doesn't change.
fn program(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("the authorizer {} can't be found", path.display()))
}

/// Plays the story, then rebuilds at every change of the sources, until something can't go on.
async fn attend(
    running: &mut Running,
    workspace: &Workspace,
    sources: &mut Sources,
    play: bool,
    played: &mut Result<()>,
) -> Result<Infallible> {
    let cast = cast(running)?;
    if play {
        *played = tokio::select! {
            played = tell_story(&cast) => played.context("THE STORY FAILED"),
            error = running.failed() => return Err(error),
        };
    }
    farewell(running, &cast, played);
    loop {
        let changed = tokio::select! {
            changed = sources.changed() => changed?,
            error = running.failed() => return Err(error),
        };
        rebuild(running, workspace, &changed).await?;
    }
}

fn cast(running: &Running) -> Result<Cast> {
    let client = story::new_client()?;
    Ok(Cast {
        client_api: running.url.parse()?,
        webhook: format!("{}/webhook", running.url).parse()?,
        token: running.token(&client)?.parse()?,
        client,
        webhook_secret: running.webhook_secret.parse()?,
    })
}

async fn tell_story(cast: &Cast) -> Result<()> {
    telling::announce(&cast.client);
    let (http, wallet) = (Http::new()?, Wallet::random(&mut Random::system()?));
    Story::new(cast, &http, &wallet, &telling::tell)?.play().await?;
    Ok(())
}

/// Until the functions serve again, requests get 503; what is wrong with the sources can be mended meanwhile.
async fn rebuild(running: &mut Running, workspace: &Workspace, changed: &Path) -> Result<()> {
    terminal::say_in(DIM, format_args!("{} changed: rebuilding", changed.display()));
    running.hold("rebuilding: sources have changed");
    match rebuilt(running, workspace).await {
        Ok(plan) => {
            running.reload(plan).await?;
            terminal::say_in(GOOD, "Serving again");
        }
        Err(error) => {
            terminal::complain(BAD, "Requests get 503 until this is mended:", headline(&error));
            running.hold(&format!("{error:#}"));
        }
    }
    Ok(())
}

async fn rebuilt(running: &Running, workspace: &Workspace) -> Result<Plan> {
    let template = Template::read(&workspace.template())?;
    let executables = compile::functions(workspace, &template.binaries).await?;
    running.plan(&template, executables)
}

/// The first line of an error: the compiler has shown the rest.
fn headline(error: &anyhow::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

/// The last thing on the screen: what a developer copies.
fn farewell(running: &Running, cast: &Cast, played: &Result<()>) {
    terminal::say("");
    if let Err(error) = played {
        terminal::complain(BAD, "error:", format_args!("{error:#}"));
        terminal::say("");
    }
    terminal::say_in(DIM, "In another terminal, with the same --data if any:");
    terminal::say_in(DIM, "`cargo local token CLIENT_ID` and `cargo local env`.");
    terminal::say_in(DIM, "Rebuilds when functions/, shared/ or template.yaml change. Ctrl-C stops all.");
    terminal::say("");
    let path = format!("/portal/clients/{}/backup", cast.client);
    for (name, value) in [
        ("Logs", running.logs().display().to_string()),
        ("Client API", format!("{}/portal/clients/{{clientId}}/backup", running.url)),
        ("Webhook root", cast.webhook.to_string()),
        ("Secret", running.webhook_secret.clone()),
    ] {
        terminal::say(format_args!("{BOLD}{name:<12}{BOLD:#}  {value}"));
    }
    terminal::say("");
    let (token, url) = (cast.token.expose(), cast.client_api.at(&path));
    terminal::say(format_args!("curl -H 'Authorization: Bearer {token}' {url}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_answers_on_either_loopback_address_is_in_use() {
        for host in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
            // A computer without IPv6 has nothing to refuse there.
            let Ok(other) = TcpListener::bind((host, 0)) else { continue };
            let error = listen(other.local_addr().unwrap().port()).unwrap_err().to_string();
            assert!(error.ends_with("is in use: stop what listens there, or choose another with --port"));
        }
    }
}
