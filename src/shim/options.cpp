// Room: shim. Options of the runtime. Pure.
#include "options.hpp"

#include "cleat/base/text.hpp"

namespace cleat::shim {
namespace {

RuntimeOptions read_runc(std::string_view bytes) {
    RuntimeOptions options;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) options.no_pivot_root = reader.flag();
        if (reader.field() == 2) options.no_new_keyring = reader.flag();
        if (reader.field() == 3) options.shim_cgroup = reader.text();
        if (reader.field() == 4) options.io_uid = reader.small();
        if (reader.field() == 5) options.io_gid = reader.small();
        if (reader.field() == 6) options.binary_name = reader.text();
        if (reader.field() == 7) options.root = reader.text();
        if (reader.field() == 9) options.systemd_cgroup = reader.flag();
        if (reader.field() == 11) options.criu_work_path = reader.text();
    }
    return options;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string unquoted(std::string_view value) {
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    return std::string(quoted ? value.substr(1, value.size() - 2) : value);
}

void set(RuntimeOptions& options, std::string_view key, std::string_view value) {
    const bool yes = value == "true";
    const auto number = parse_number<std::uint32_t>(value).value_or(0);
    if (key == "NoPivotRoot") options.no_pivot_root = yes;
    if (key == "NoNewKeyring") options.no_new_keyring = yes;
    if (key == "SystemdCgroup") options.systemd_cgroup = yes;
    if (key == "ShimCgroup") options.shim_cgroup = unquoted(value);
    if (key == "BinaryName") options.binary_name = unquoted(value);
    if (key == "Root") options.root = unquoted(value);
    if (key == "CriuWorkPath") options.criu_work_path = unquoted(value);
    if (key == "IoUid") options.io_uid = number;
    if (key == "IoGid") options.io_gid = number;
}

}  // namespace

std::expected<lifecycle::CheckpointOptions, Status> read_checkpoint_options(const Any& any) {
    if (!any.type.empty() && !any.type.ends_with("containerd.runc.v1.CheckpointOptions"))
        return refuse(Code::InvalidArgument, concat("checkpoint options of type ", any.type));
    lifecycle::CheckpointOptions options;
    options.leave_running = true;
    Reader reader(any.value);
    while (reader.next()) {
        if (reader.field() == 1) options.leave_running = !reader.flag();
        if (reader.field() == 2) options.criu.tcp_established = reader.flag();
        if (reader.field() == 3) options.criu.ext_unix_sk = reader.flag();
        if (reader.field() == 4) options.criu.shell_job = reader.flag();
        if (reader.field() == 5) options.criu.file_locks = reader.flag();
        if (reader.field() == 6) options.criu.empty_ns = reader.text();
        if (reader.field() == 7 && !reader.bytes().empty())
            options.criu.manage_cgroups_mode = reader.text();
        if (reader.field() == 9) options.criu.work_path = reader.text();
    }
    return options;
}

std::expected<void, Status> read_table(std::string_view toml, RuntimeOptions& options) {
    for (const auto each : split(toml, '\n')) {
        const auto line = trimmed(each);
        if (line.empty() || line.front() == '#' || line.front() == '[') continue;
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            return refuse(Code::InvalidArgument,
                          concat("runtime options: no key and value in ", quoted(line)));
        set(options, trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
    }
    return {};
}

std::expected<RuntimeOptions, Status> read_options(const Any& any) {
    const std::string_view type = any.type;
    if (type.empty() || type.ends_with("containerd.runc.v1.Options")) return read_runc(any.value);
    if (!type.ends_with("runtimeoptions.v1.Options"))
        return refuse(Code::InvalidArgument, concat("runtime options of type ", type));
    RuntimeOptions options;
    Reader reader(any.value);
    while (reader.next()) {
        if (reader.field() == 2) options.config_path = reader.text();
        if (reader.field() != 3) continue;
        if (auto read = read_table(reader.bytes(), options); !read)
            return std::unexpected(std::move(read).error());
    }
    return options;
}

}  // namespace cleat::shim
