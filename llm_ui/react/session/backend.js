// Where the backend answers: the same origin in production, another port while developing.
import env from "$/env.json";
import { getBackendURL } from "$/utils/state";

export function backendOrigin() {
  return getBackendURL(env.PING).origin;
}
