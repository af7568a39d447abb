// Keeps a page fresh, tells times in the viewer's zone, and listens for keys. Nothing is decided here: whatever is pressed
// ends in a form of the page, and the gateway judges that.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const news = document.getElementById("news");
  const alarm = document.getElementById("alarm");
  const title = document.title;
  // Clocks of two machines differ; what matters is how long is left by the gateway's.
  const ahead = Number(document.body.dataset.now) - Date.now();
  const say = (text, where = news) => { where.textContent = text; setTimeout(() => { if (where.textContent === text) where.textContent = ""; }, 6000); };

  const times = () => {
    for (const time of document.querySelectorAll("time[datetime]:not([title])")) {
      const at = new Date(time.dateTime);
      time.title = time.textContent;
      time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }) + " (" + time.title.slice(11) + ")";
    }
  };
  const told = new Set();
  const clocks = () => {
    for (const until of document.querySelectorAll("[data-until]")) {
      const left = Math.round((Number(until.dataset.until) - Date.now() - ahead) / 1000);
      const text = left <= 0 ? "time is over" : left < 120 ? left + " s left" : left < 7200 ? Math.floor(left / 60) + " min left" : Math.floor(left / 3600) + " h left";
      if (until.textContent !== text) until.textContent = text;
      until.classList.toggle("soon", left < 60);
      const card = until.closest("[data-call]");
      if (card && left > 0 && left <= 60 && !told.has(until.dataset.until)) {
        told.add(until.dataset.until);
        say("This call expires in " + left + " seconds.", alarm);
      }
    }
  };

  // What somebody is writing is never taken from under their hands.
  const busy = (part) => {
    const at = document.activeElement;
    if (at && part.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return true;
    return [...part.querySelectorAll("textarea, input:not([type=hidden])")].some((field) =>
      field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
  };
  const called = (one) => [one.tagName, one.id, one.name, one.getAttribute("href"), one.dataset.key, one.tagName === "BUTTON" && one.textContent].join(" ");
  let fetching = false, again = false;
  // What the gateway sent last, before anything in it was changed here.
  let last = document.getElementById("live") && document.getElementById("live").outerHTML;
  const refresh = async () => {
    const part = document.getElementById("live");
    if (!part) return;
    if (fetching) { again = true; return; }
    fetching = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-By-Itself": "yes" }, credentials: "same-origin" });
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (!fresh) return;
      const sent = fresh.outerHTML;
      if (sent === last) return;
      const moved = part.dataset.call && part.dataset.revision !== fresh.dataset.revision;
      if (part.dataset.call && busy(part)) {
        if (moved) {
          say("This call has changed: it " + fresh.querySelector("#state").textContent + ". What you write is kept; reload to see it.", alarm);
          part.querySelector("#state").textContent = fresh.querySelector("#state").textContent;
        }
        return;
      }
      const open = new Set([...part.querySelectorAll("details[open][id]")].map((one) => one.id));
      const at = part.contains(document.activeElement) ? document.activeElement : null;
      const within = at && at.closest("[id]").id;
      for (const one of fresh.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
      if (moved) say("This call changed: " + fresh.querySelector("#state").textContent);
      if (part.dataset.live === "inbox") {
        const before = new Set([...part.querySelectorAll(".row")].map((row) => row.id));
        const added = [...fresh.querySelectorAll(".row")].filter((row) => !before.has(row.id)).length;
        if (added) say(added === 1 ? "One call more waits." : added + " calls more wait.");
      }
      last = sent;
      const target = part.querySelector(":target");
      part.replaceWith(document.adoptNode(fresh));
      if (target) location.replace("#" + target.id);
      if (at) {
        const place = document.getElementById(within) || fresh;
        const same = [place, ...place.querySelectorAll(at.tagName)].find((one) => called(one) === called(at));
        // Whoever was about to press Enter on one call does not press it on another.
        const digest = (one) => (one.querySelector("#decide [name=digest]") || {}).value;
        (same && digest(part) === digest(fresh) ? same : document.getElementById("main")).focus({ preventScroll: true });
      }
      times(); clocks(); badge(); select(0);
    } catch { /* The next event, or the next connection, tries again. */ } finally {
      fetching = false;
      if (again) { again = false; refresh(); }
    }
  };
  const badge = () => {
    const list = document.querySelector("[data-live=inbox]");
    const count = list ? list.querySelectorAll(".row").length : 0;
    document.title = count ? "(" + count + ") " + title : title;
  };
  if (document.getElementById("live")) {
    const listen = () => {
      const events = new EventSource("/events");
      events.addEventListener("changed", (event) => {
        const id = JSON.parse(event.data).id;
        const here = document.getElementById("live");
        if (!here.dataset.call || here.dataset.call === id) refresh();
      });
      // Whatever happened between this page and the connection was told to nobody.
      events.onopen = refresh;
      events.onerror = () => {
        // A browser that was refused does not try again by itself; whoever was signed out meanwhile is shown that.
        if (events.readyState === EventSource.CLOSED) { refresh(); setTimeout(listen, 5000); }
      };
    };
    listen();
  }

  // Keys: none acts on its own at high risk, and none while somebody writes.
  let on = -1;
  const rows = () => [...document.querySelectorAll(".row")];
  const select = (step) => {
    const all = rows();
    if (!all.length) return;
    if (step === 0 && on < 0) return;
    on = Math.max(0, Math.min(all.length - 1, on + step));
    all.forEach((row, place) => row.classList.toggle("on", place === on));
    if (step !== 0) { all[on].querySelector(".what").focus(); all[on].scrollIntoView({ block: "nearest" }); }
  };
  const open = (selector) => {
    const found = document.querySelector(selector);
    if (!found) return;
    if (found.tagName === "DETAILS") found.open = true;
    // Going there anew opens it, also where the address says already that we are there.
    if (found.id === "deny") document.querySelector("a[href='#deny']").click();
    const field = found.querySelector("textarea, input:not([type=hidden])");
    (field || found).focus();
    found.scrollIntoView({ block: "center" });
  };
  const approve = () => {
    const form = document.getElementById("decide");
    const button = form && form.querySelector("button[data-key=a]");
    if (!button) return;
    const read = form.querySelector("[name=read]");
    if (read) {
      document.getElementById("sent-details").open = true;
      (read.checked ? form.querySelector("[name=target]") || button : read).focus();
      say("Read what would be sent first. Then press Enter on Approve.");
    } else button.focus();
  };
  const help = () => {
    let dialog = document.getElementById("keys");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "keys";
      dialog.setAttribute("aria-labelledby", "keys-title");
      const off = localStorage.getItem("keys") === "off";
      dialog.innerHTML = "<h2 id='keys-title'>Keys</h2><dl class='facts'><div><dt>j, k</dt><dd>next, previous call</dd></div><div><dt>o</dt><dd>open it</dd></div><div><dt>a</dt><dd>go to Approve</dd></div><div><dt>d</dt><dd>deny</dd></div><div><dt>e</dt><dd>have other arguments sent</dd></div><div><dt>q</dt><dd>ask a question</dd></div><div><dt>g</dt><dd>go to the inbox</dd></div><div><dt>?</dt><dd>this list</dd></div></dl><form method='dialog'><label class='check'><input type='checkbox'> Listen to keys</label><p><button class='primary'>Close</button></p></form>";
      const box = dialog.querySelector("input");
      box.checked = !off;
      box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
      document.body.append(dialog);
    }
    dialog.showModal();
  };
  // Passkeys: the gateway says what is to be signed, the authenticator signs, and the form carries it back.
  const ask = async (address, fields) => {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), credentials: "same-origin" });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told;
  };
  const sign = async (wanted) => {
    const used = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(wanted) });
    return JSON.stringify(used.toJSON());
  };
  const add = (form, fields) => {
    for (const [name, value] of Object.entries(fields)) {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
  };
  const signing = async (button, act) => {
    if (button) button.disabled = true;
    try {
      if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) throw new Error("This browser has no passkeys, or is too old for them; use another one.");
      await act();
    } catch (fault) {
      if (button) button.disabled = false;
      for (const field of document.querySelectorAll("[name=credential], [name=created], input[type=hidden][name=nonce]")) field.remove();
      const words = fault.name === "NotAllowedError" ? "Nothing was signed: it was cancelled, took too long, or no passkey here fits." : fault.name === "InvalidStateError" ? "This device has a passkey for you already." : fault.message;
      say(words, alarm);
    }
  };
  for (const button of document.querySelectorAll("button[data-passkey=sign-in]")) {
    button.addEventListener("click", () => signing(button, async () => {
      const asked = await ask("/sign-in/passkey/begin", {});
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/sign-in/passkey";
      add(form, { nonce: asked.nonce, credential: await sign(asked.sign), then: button.dataset.then });
      document.body.append(form);
      form.submit();
    }));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    if (localStorage.getItem("keys") === "off" && event.key !== "?") return;
    const act = { j: () => select(1), k: () => select(-1), o: () => { const row = rows()[on]; if (row) row.querySelector(".what").click(); },
      a: approve, d: () => open("#deny"), e: () => open("#edit"), q: () => open("#ask"), g: () => { location.href = "/inbox"; }, "?": help }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "decide") {
      const read = form.querySelector("[name=read]");
      if (read && !read.checked) { event.preventDefault(); approve(); return; }
    }
    if (form.dataset.sign && !form.querySelector("[name=credential]")) {
      event.preventDefault();
      const button = event.submitter;
      signing(button, async () => {
        const asked = await ask(form.getAttribute("action") + "/sign", new FormData(form));
        add(form, { nonce: asked.nonce, credential: await sign(asked.sign) });
        form.submit();
      });
      return;
    }
    if (form.dataset.passkey === "enrol" && !form.querySelector("[name=created]")) {
      event.preventDefault();
      signing(event.submitter, async () => {
        const asked = await ask("/passkeys/begin", new FormData(form));
        // Whoever has one already says with it that the next one is theirs too.
        if (asked.sign) { say("First touch a passkey that you have."); add(form, { credential: await sign(asked.sign) }); say("Now make the new one."); }
        const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked.create) });
        add(form, { nonce: asked.nonce, created: JSON.stringify(made.toJSON()) });
        form.submit();
      });
      return;
    }
    // A second tap while the first is on its way says nothing twice.
    if (form.method === "post") { if (form.dataset.sent) event.preventDefault(); form.dataset.sent = "yes"; setTimeout(() => delete form.dataset.sent, 4000); }
  });
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

  times(); clocks(); badge();
  setInterval(clocks, 1000);
})();
