// Loaded with `node -r` before the pulumi-eks provider. It answers the two questions that the provider asks the
// network itself, instead of through a resource, refuses all others, and ends node with the process that started it.
"use strict";

const { EventEmitter } = require("events");
const https = require("https");
const Module = require("module");
const net = require("net");

// Our standard input is a pipe whose other end only our parent holds. The kernel closes it however the parent dies.
process.stdin.resume();
for (const event of ["end", "close", "error"]) {
    process.stdin.on(event, () => process.exit(0));
}

// With a public endpoint the provider asks https://<endpoint>/healthz, 60 times 5 seconds, until it answers 200.
const request = https.request;
https.request = function (options, callback) {
    if (options && options.path === "/healthz") {
        const answer = new EventEmitter();
        answer.end = () => setImmediate(() => callback({ statusCode: 200, resume() {}, on() {} }));
        return answer;
    }
    return request.apply(this, arguments);
};

// With createOidcProvider it reads the certificate of https://oidc.eks.<region>.amazonaws.com, in a preview too.
const thumbprint = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";
const load = Module._load;
Module._load = function (name, parent) {
    const loaded = load.apply(this, arguments);
    if (/\/cert-thumprint(\.js)?$/.test(name) && parent && /@pulumi\/eks\//.test(parent.filename)) {
        const pulumi = require(require.resolve("@pulumi/pulumi", { paths: [parent.filename] }));
        return { ...loaded, getIssuerCAThumbprint: (url) => pulumi.output(url).apply(() => thumbprint) };
    }
    return loaded;
};

// A rehearsal touches nothing but this machine.
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
    const options = destination(args);
    const host = options.host || "localhost";
    if (options.path || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
        return connect.apply(this, args);
    }
    const message = `rehearsal: pulumi-eks tried to reach ${host}:${options.port}; the network is not simulated`;
    process.stderr.write(message + "\n");
    process.nextTick(() => this.destroy(new Error(message)));
    return this;
};

// destination reads the forms connect(options), connect(port, host), connect(path) and, from node itself, connect([options]).
function destination(args) {
    const first = Array.isArray(args[0]) ? args[0][0] : args[0];
    if (typeof first === "object" && first !== null) {
        return first;
    }
    if (typeof first === "string" && !/^\d+$/.test(first)) {
        return { path: first };
    }
    return { port: first, host: typeof args[1] === "string" ? args[1] : undefined };
}
