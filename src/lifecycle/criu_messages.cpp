// Room: lifecycle. CRIU's messages. Runs in the host process; touches nothing.
#include "criu_messages.hpp"

#include <array>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::lifecycle {
namespace {

using protobuf::Reader;
using protobuf::Writer;

constexpr std::uint32_t number_of(CriuField field) { return static_cast<std::uint32_t>(field); }

struct Word {
    std::string_view name;
    std::uint64_t value;
};

constexpr std::array<Word, 5> kCgroupModes = {
    {{"ignore", 0}, {"soft", 3}, {"full", 4}, {"strict", 5}, {"default", 6}}};
constexpr std::array<Word, 3> kNetworkLocks = {{{"iptables", 1}, {"nftables", 2}, {"skip", 3}}};
constexpr std::array<Word, 1> kNamespaces = {{{"network", 0x40000000}}};  // CLONE_NEWNET

template <std::size_t count>
Result<std::uint64_t> value_of(const std::array<Word, count>& words, std::string_view flag,
                               std::string_view name) {
    for (const auto& word : words)
        if (word.name == name) return word.value;
    return fail(ErrorKind::InvalidArgument, concat(flag, " cannot be ", quoted(name)));
}

/// criu_notify: 1 the script, 2 the pid. criu_restore_resp: 1 the pid.
void read_inner(std::string_view message, CriuResponse& out) {
    Reader reader(message);
    while (reader.next()) {
        if (reader.field() == 1 && !reader.bytes().empty())
            out.script = reader.text();
        else
            out.pid = static_cast<pid_t>(reader.number());
    }
}

void read_field(const Reader& field, CriuResponse& out) {
    switch (field.field()) {
        case 1:
            out.type = field.number();
            break;
        case 2:
            out.success = field.flag();
            break;
        case 4:  // restore
        case 5:  // notify
            read_inner(field.bytes(), out);
            break;
        case 7:
            out.errno_value = static_cast<int>(field.number());
            break;
        case 9:
            out.message = field.text();
            break;
        default:
            break;
    }
}

}  // namespace

void CriuOpts::number(CriuField field, std::uint64_t value) {
    writer_.number(number_of(field), value);
}

void CriuOpts::text(CriuField field, std::string_view value) {
    writer_.text(number_of(field), value);
}

void CriuOpts::pair(CriuField field, std::string_view first, std::string_view second) {
    Writer inner;
    inner.message(1, first);
    inner.message(2, second);
    writer_.message(number_of(field), inner);
}

void CriuOpts::inherit(std::string_view key, int fd) {
    Writer inner;
    inner.text(1, key);
    inner.number(2, static_cast<std::uint64_t>(fd));
    writer_.message(number_of(CriuField::InheritFd), inner);
}

void CriuOpts::page_server(std::string_view address, std::uint16_t port) {
    Writer inner;
    inner.text(1, address);
    inner.number(2, port);
    writer_.message(number_of(CriuField::PageServer), inner);
}

Result<void> CriuOpts::common(const CriuOptions& options) {
    constexpr std::uint64_t kDebug = 4;
    using enum CriuField;
    number(LogLevel, kDebug);
    flag(NotifyScripts, true);
    flag(OrphanPtsMaster, true);
    flag(ManageCgroups, true);  // what CRIU knew before it had modes
    const auto mode = options.manage_cgroups_mode;
    // Written in any case: 0 is a mode, and not the one that CRIU takes by itself.
    writer_.any_number(number_of(ManageCgroupsMode),
                       TRY(value_of(kCgroupModes, "--manage-cgroups-mode", mode)));
    if (!options.empty_ns.empty())
        number(EmptyNs, TRY(value_of(kNamespaces, "--empty-ns", options.empty_ns)));
    if (!options.network_lock.empty())
        number(NetworkLock, TRY(value_of(kNetworkLocks, "--network-lock", options.network_lock)));
    flag(TcpEstablished, options.tcp_established);
    flag(ExtUnixSk, options.ext_unix_sk);
    flag(ShellJob, options.shell_job);
    flag(FileLocks, options.file_locks);
    flag(AutoDedup, options.auto_dedup);
    flag(LazyPages, options.lazy_pages);
    return {};
}

std::string CriuOpts::request(CriuRequest type) && {
    Writer request;
    request.number(1, static_cast<std::uint64_t>(type));
    request.message(2, writer_);
    return request.take();
}

std::string criu_go_on() {
    Writer request;
    request.number(1, static_cast<std::uint64_t>(CriuRequest::Notify));
    request.number(3, 1);  // notify_success
    return request.take();
}

Result<CriuResponse> read_criu_response(std::string_view message) {
    CriuResponse out;
    Reader reader(message);
    while (reader.next()) read_field(reader, out);
    if (reader.damaged() || out.type == 0)
        return fail(ErrorKind::System, "criu gave an answer that is none");
    return out;
}

}  // namespace cleat::lifecycle
