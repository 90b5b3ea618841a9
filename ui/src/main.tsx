import { render } from "preact";
import { App } from "./app";
import "./style.css";

/* An invitation's link is ORIGIN/signup#CODE: the code stands where no server and no log sees it. */
if (location.pathname === "/signup" && /^#[a-z0-9]+$/i.test(location.hash)) history.replaceState(null, "", `/#/join/${location.hash.slice(1)}`);

render(<App />, document.getElementById("app")!);
