"""Fetches from pages of given origins in a real browser, and says what each page got.

    python browser.py CHROMIUM < fetches.json     runs the Chromium or Chrome at that path

A fetch is [origin, URL, RequestInit]; what the page gets is [status, JSON], or null when the browser refuses. They run
one after the other. The pages come from a server here and not from a route of Playwright's: with a route, Playwright
answers the preflights itself.
"""

import http.server
import json
import sys
import threading
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

FETCH = """async ([url, init]) => {
    const answer = await fetch(url, init).catch(() => null);
    return answer && [answer.status, await answer.json()];
}"""


class EmptyPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *_):
        pass


def resolver_rules(origins, port):
    """All these origins are served here, whatever their host and port; no other name is looked up."""
    rules = [f"MAP {urlsplit(origin).netloc} 127.0.0.1:{port}" for origin in sorted(origins)]
    return "--host-resolver-rules=" + ", ".join([*rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])


def fetch(browser, origin, url, init):
    page = browser.new_page()
    page.goto(origin)
    got = page.evaluate(FETCH, [url, init])
    page.close()
    return got


def main(chromium):
    fetches = json.load(sys.stdin)
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    rules = resolver_rules({origin for origin, _, _ in fetches}, pages.server_port)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[rules])
        json.dump([fetch(browser, *one) for one in fetches], sys.stdout)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
