//! What Portal says of itself: whether it keeps the backups, or calls a webhook (docs/contract.md, "Telling Portal that
//! the client share is stored").

use story::{Address, Credential, Exchange, Http, Request, Tell, Told};

use super::verdict::Stopped;

/// Asks Portal, with a client's token, that this environment's backups are not kept by Portal.
///
/// # Errors
/// [`Stopped::PortalKeepsThem`], or [`Stopped::NotDrilled`] where Portal doesn't say.
pub async fn keeps_no_backups(
    http: &Http,
    portal: &Address,
    token: &Credential,
    tell: Tell<'_>,
) -> Result<(), Stopped> {
    let request = Request::get(portal.at("/api/v3/clients/me")).bearing(token);
    let answer = http.send(request).await.map_err(|why| Stopped::NotDrilled(format!("Portal: {why}")))?;
    let status = answer.status.as_u16();
    if status != 200 {
        return Err(Stopped::NotDrilled(format!(
            "Portal answers {status} to PORTAL_CLIENT_TOKEN: give a Portal client's token, which lives 24 h after its last \
             use, or leave the variable empty"
        )));
    }
    match answer.body["environment"]["backupWithPortalEnabled"].as_bool() {
        Some(false) => {
            let what = "Portal keeps no backups of this environment: it calls a webhook".to_owned();
            (tell)(&Told::Exchange(&Exchange {
                who: "Portal",
                request: &answer.request,
                what,
                took: answer.took,
            }));
            Ok(())
        }
        Some(true) => Err(Stopped::PortalKeepsThem),
        None => Err(Stopped::NotDrilled(
            "Portal's answer has no `environment.backupWithPortalEnabled`: leave PORTAL_CLIENT_TOKEN empty, and look in \
             Portal's dashboard whether the environment's backups are self-managed"
                .into(),
        )),
    }
}
