// Unit tests of spec/encode.cpp: what was read and written is what was read.
#include "documents.hpp"

namespace cleat::spec {
namespace {

/// Every property of the specification for Linux, each with a value of its own.
constexpr const char* kEverything = R"({
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs", "readonly": true},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]},
        {"destination": "/data", "type": "bind", "source": "/data", "options": ["rbind", "idmap"],
         "uidMappings": [{"containerID": 0, "hostID": 7, "size": 9}],
         "gidMappings": [{"containerID": 0, "hostID": 8, "size": 9}]}
    ],
    "process": {
        "terminal": true, "consoleSize": {"height": 24, "width": 80},
        "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4]},
        "args": ["/bin/x", "\"\n\u00e9"], "env": ["A=1", "B="], "cwd": "/w",
        "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"],
            "inheritable": ["CAP_CHOWN"], "permitted": ["CAP_KILL"], "ambient": ["CAP_SETUID"]},
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 18446744073709551615}],
        "noNewPrivileges": true, "apparmorProfile": "p", "oomScoreAdj": -5, "selinuxLabel": "l",
        "scheduler": {"policy": "SCHED_DEADLINE", "nice": -3, "flags": ["SCHED_FLAG_RECLAIM"],
            "runtime": 10, "deadline": 20, "period": 30},
        "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 4},
        "execCPUAffinity": {"initial": "0-1", "final": "0,2"}
    },
    "hostname": "h", "domainname": "d",
    "hooks": {
        "prestart": [{"path": "/h/a", "args": ["a", "b"], "env": ["C=2"], "timeout": 5}],
        "createRuntime": [{"path": "/h/b"}], "createContainer": [{"path": "/h/c"}],
        "startContainer": [{"path": "/h/d"}], "poststart": [{"path": "/h/e"}],
        "poststop": [{"path": "/h/f"}]
    },
    "annotations": {"a/b~c": "v"},
    "linux": {
        "namespaces": [{"type": "pid"}, {"type": "network", "path": "/n"}, {"type": "mount"},
            {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"},
            {"type": "time"}],
        "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
        "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 10}],
        "timeOffsets": {"monotonic": {"secs": -4, "nanosecs": 5}, "boottime": {"secs": 6, "nanosecs": 7}},
        "devices": [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 432,
            "uid": 5, "gid": 6}],
        "netDevices": {"eth0": {"name": "c0"}, "eth1": {}},
        "cgroupsPath": "/a/b",
        "resources": {
            "devices": [{"allow": true, "type": "c", "major": 1, "minor": -1, "access": "rm"}],
            "memory": {"limit": 100, "reservation": 50, "swap": 200, "kernel": 1, "kernelTCP": 2,
                "swappiness": 30, "disableOOMKiller": false, "useHierarchy": true,
                "checkBeforeUpdate": true},
            "cpu": {"shares": 1, "quota": 2000, "burst": 3, "period": 4000, "realtimeRuntime": 5,
                "realtimePeriod": 6, "cpus": "0-1", "mems": "0", "idle": 1},
            "pids": {"limit": 0},
            "blockIO": {"weight": 10, "leafWeight": 11,
                "weightDevice": [{"major": 8, "minor": 0, "weight": 12, "leafWeight": 13}],
                "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 1}],
                "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 2}],
                "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 3}],
                "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 4}]},
            "hugepageLimits": [{"pageSize": "2MB", "limit": 7}],
            "network": {"classID": 8, "priorities": [{"name": "eth0", "priority": 9}]},
            "rdma": {"mlx": {"hcaHandles": 1, "hcaObjects": 2}},
            "unified": {"memory.high": "max"}
        },
        "sysctl": {"net.ipv4.ip_forward": "1"},
        "seccomp": {
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
            "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"],
            "listenerPath": "/l", "listenerMetadata": "m",
            "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["a", "b"], "action": "SCMP_ACT_TRACE", "errnoRet": 3,
                 "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 4,
                           "op": "SCMP_CMP_MASKED_EQ"}]}]
        },
        "rootfsPropagation": "rslave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"],
        "mountLabel": "ml",
        "intelRdt": {"closID": "c", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=3",
            "memBwSchema": "MB:0=5", "enableMonitoring": true},
        "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]},
        "personality": {"domain": "LINUX32", "flags": ["ADDR_NO_RANDOMIZE"]}
    }
})";

/// The text without blanks between its tokens, and the members of each object in written order.
std::string squeezed(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            out += text[i++];
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == ' ' || text[i] == '\n'))
            continue;
        out += text[i];
    }
    return out;
}

}  // namespace

TEST_CASE("every property of the specification is known") {
    const auto decoded = decode_config(kEverything);
    CHECK(documents::problems_of(decoded) == "");
    CHECK(decoded.unknown.empty());
}

TEST_CASE("no property is lost on the way through the types") {
    const auto decoded = decode_config(kEverything);
    REQUIRE(decoded.value);
    const std::string once = encode_config(*decoded.value);
    const std::string words = squeezed(once);
    std::size_t members = 0;
    for (const char c : squeezed(kEverything)) members += c == ':' ? 1 : 0;
    std::size_t written = 0;
    for (const char c : words) written += c == ':' ? 1 : 0;
    // "disableOOMKiller": false is a value; all others of the text are no defaults.
    CHECK(written == members);
    const auto again = decode_config(once);
    CHECK(documents::problems_of(again) == "");
    REQUIRE(again.value);
    CHECK(encode_config(*again.value) == once);
}

TEST_CASE("text that JSON must escape comes back as it was") {
    const auto decoded = decode_config(kEverything);
    REQUIRE(decoded.value);
    CHECK(decoded.value->process->args[1] == "\"\n\xc3\xa9");
    const auto again = decode_config(encode_config(*decoded.value));
    REQUIRE(again.value);
    CHECK(again.value->process->args == decoded.value->process->args);
    CHECK(again.value->annotations.at("a/b~c") == "v");
}

TEST_CASE("linux is written even if it has no namespaces") {
    Spec spec;
    spec.linux.cgroups_path = "/a";
    CHECK(encode_config(spec).find("\"cgroupsPath\": \"/a\"") != std::string::npos);
    CHECK(encode_config(Spec{}).find("linux") == std::string::npos);
}

}  // namespace cleat::spec
