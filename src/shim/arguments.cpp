// Room: shim. The command line. Pure.
#include "arguments.hpp"

#include "cleat/base/text.hpp"

namespace cleat::shim {
namespace {

std::string* text_flag(Arguments& arguments, std::string_view name) {
    if (name == "namespace") return &arguments.name_space;
    if (name == "id") return &arguments.id;
    if (name == "address") return &arguments.address;
    if (name == "bundle") return &arguments.bundle;
    if (name == "socket") return &arguments.socket;
    if (name == "ttrpc-address") return &arguments.ttrpc_address;
    return nullptr;
}

bool* plain_flag(Arguments& arguments, std::string_view name) {
    if (name == "debug") return &arguments.debug;
    if (name == "v" || name == "version") return &arguments.version;
    if (name == "info") return &arguments.info;
    return nullptr;
}

/// Known, but of no use here: containerd is told of events at its socket.
bool is_unused(std::string_view name) { return name == "publish-binary"; }

}  // namespace

Result<Arguments> read_arguments(const std::vector<std::string_view>& words) {
    Arguments arguments;
    std::string unused;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto word = words[i];
        if (!word.starts_with('-')) {
            arguments.action = word;
            break;
        }
        word.remove_prefix(word.starts_with("--") ? 2 : 1);
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals);
        const bool has_value = equals != std::string_view::npos;
        if (bool* flag = plain_flag(arguments, name)) {
            *flag = !has_value || word.substr(equals + 1) == "true";
            continue;
        }
        auto* target = is_unused(name) ? &unused : text_flag(arguments, name);
        if (target == nullptr)
            return fail(ErrorKind::InvalidArgument,
                        concat("flag provided but not defined: -", name));
        if (!has_value && i + 1 == words.size())
            return fail(ErrorKind::InvalidArgument, concat("flag needs an argument: -", name));
        *target = has_value ? word.substr(equals + 1) : words[++i];
    }
    return arguments;
}

/// Older versions send the options, or nothing. As both are messages, only what is in them tells.
Bootstrap read_bootstrap(std::string_view bytes, const Arguments& arguments) {
    Bootstrap modern{.modern = true, .options = {}, .ttrpc_address = {}, .socket_directory = {}};
    std::string_view id;
    std::string_view name_space;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) id = reader.bytes();
        if (reader.field() == 2) name_space = reader.bytes();
        if (reader.field() == 5) modern.ttrpc_address = reader.text();
        if (reader.field() == 9) modern.socket_directory = reader.text();
        if (reader.field() != 8 || !modern.options.type.empty()) continue;
        Reader extension(reader.bytes());
        while (extension.next())
            if (extension.field() == 1) modern.options = read_any(extension.bytes());
    }
    const bool is_modern = !reader.damaged() && !id.empty() && id == arguments.id &&
                           name_space == arguments.name_space;
    if (is_modern) return modern;
    return {
        .modern = false, .options = read_any(bytes), .ttrpc_address = {}, .socket_directory = {}};
}

std::string write_bootstrap(std::string_view address, const Bootstrap& bootstrap) {
    constexpr std::uint64_t kVersion = 3;
    if (!bootstrap.modern) return std::string(address);
    return Writer().number(1, kVersion).text(2, address).text(3, "ttrpc").take();
}

std::string write_info(const Info& info) {
    constexpr std::string_view kFeatures =
        "types.containerd.io/opencontainers/runtime-spec/1/features/Features";
    Writer out;
    out.text(1, "io.containerd.cleat.v2");
    out.message(2, Writer().text(1, info.version).text(2, info.revision));
    if (!info.options.empty()) out.message(3, info.options);
    return out.message(4, write_any(kFeatures, info.features)).take();
}

}  // namespace cleat::shim
