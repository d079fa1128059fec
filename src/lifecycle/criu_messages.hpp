// Room: lifecycle. CRIU's messages (images/rpc.proto of CRIU), as far as cleat speaks them: the
// names and numbers of fields, and what an answer says. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/base/protobuf.hpp"
#include "cleat/lifecycle/criu.hpp"

namespace cleat::lifecycle {

enum class CriuRequest : std::uint8_t { Dump = 1, Restore = 2, PreDump = 4, Notify = 6 };

/// Fields of criu_opts.
enum class CriuField : std::uint8_t {
    ImagesDirFd = 1,
    Pid = 2,
    LeaveRunning = 3,
    ExtUnixSk = 4,
    TcpEstablished = 5,
    EvasiveDevices = 6,
    ShellJob = 7,
    FileLocks = 8,
    LogLevel = 9,
    LogFile = 10,
    PageServer = 11,
    NotifyScripts = 12,
    Root = 13,
    ParentImg = 14,
    TrackMem = 15,
    AutoDedup = 16,
    WorkDirFd = 17,
    LinkRemap = 18,
    ExtMnt = 23,
    ManageCgroups = 24,
    CgRoot = 25,
    RstSibling = 26,
    InheritFd = 27,
    ManageCgroupsMode = 34,
    External = 37,
    EmptyNs = 38,
    JoinNs = 39,
    FreezeCgroup = 44,
    TcpSkipInFlight = 46,
    LazyPages = 48,
    OrphanPtsMaster = 50,
    ConfigFile = 51,
    TcpClose = 52,
    LsmProfile = 53,
    LsmMountContext = 63,
    NetworkLock = 64,
};

/// criu_opts in the making. Numbers and flags that are 0, and texts that are empty, are left out:
/// that is what they are without.
class CriuOpts {
 public:
    void number(CriuField field, std::uint64_t value);
    void flag(CriuField field, bool value) { number(field, value ? 1 : 0); }
    void text(CriuField field, std::string_view value);
    /// An inner message of two texts (ext_mount_map, cgroup_root, join_namespace).
    void pair(CriuField field, std::string_view first, std::string_view second);
    /// inherit_fd.
    void inherit(std::string_view key, int fd);
    void page_server(std::string_view address, std::uint16_t port);
    /// Errors: InvalidArgument, with the flag's name.
    [[nodiscard]] Result<void> common(const CriuOptions& options);
    [[nodiscard]] std::string request(CriuRequest type) &&;

 private:
    protobuf::Writer writer_;
};

/// The answer to a notification: go on.
[[nodiscard]] std::string criu_go_on();

/// What CRIU says: that it is done or has failed, or a notification, which has a script's name.
struct CriuResponse {
    std::uint64_t type = 0;
    bool success = false;
    int errno_value = 0;
    std::string message = {};
    std::string script = {};
    pid_t pid = 0;  ///< of a notification, or of what was restored
};
/// Errors: System, when it is no such message.
[[nodiscard]] Result<CriuResponse> read_criu_response(std::string_view message);

}  // namespace cleat::lifecycle
