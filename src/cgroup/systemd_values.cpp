// Room: cgroup. What systemd has noted of a scope, to be told it again; host process.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "bus.hpp"
#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::cgroup {
namespace {

using Value = decltype(plan::UnitProperty::value);
using Pairs = std::vector<std::pair<std::string, std::string>>;
using Rates = std::vector<std::pair<std::string, std::uint64_t>>;

/// The basic value that the iterator is at, and on to the next.
template <class T>
T take(::DBusMessageIter& at) {
    T value{};
    ::dbus_message_iter_get_basic(&at, static_cast<void*>(&value));
    ::dbus_message_iter_next(&at);
    return value;
}

template <class Second>
Value take_pairs(::DBusMessageIter& at) {
    std::vector<std::pair<
        std::string, std::conditional_t<std::is_same_v<Second, const char*>, std::string, Second>>>
        pairs;
    for (; ::dbus_message_iter_get_arg_type(&at) == type::kStruct; ::dbus_message_iter_next(&at)) {
        ::DBusMessageIter inner{};
        ::dbus_message_iter_recurse(&at, &inner);
        std::string first = take<const char*>(inner);
        pairs.emplace_back(std::move(first), take<Second>(inner));
    }
    return pairs;
}

Value take_bytes(::DBusMessageIter& at) {
    std::vector<std::uint8_t> bytes;
    while (::dbus_message_iter_get_arg_type(&at) == type::kByte)
        bytes.push_back(take<std::uint8_t>(at));
    return bytes;
}

/// The types of the properties that limits are; no other is ever asked for.
std::optional<Value> value_at(::DBusMessageIter& at) {
    const std::unique_ptr<char, decltype(&::dbus_free)> owned(
        ::dbus_message_iter_get_signature(&at), &::dbus_free);
    const std::string_view signature = owned ? owned.get() : "";
    if (signature == "t") return take<std::uint64_t>(at);
    if (signature == "s") return std::string(take<const char*>(at));
    if (!signature.starts_with('a')) return std::nullopt;
    ::DBusMessageIter inner{};
    ::dbus_message_iter_recurse(&at, &inner);
    if (signature == "ay") return take_bytes(inner);
    if (signature == "a(ss)") return take_pairs<const char*>(inner);
    if (signature == "a(st)") return take_pairs<std::uint64_t>(inner);
    return std::nullopt;
}

Result<std::string> path_of(const Bus& bus, const std::string& unit) {
    const Message message = TRY(manager_call("GetUnit"));
    const char* name = unit.c_str();
    if (!::dbus_message_append_args(message.get(), type::kText, &name, type::kEnd))
        return fail_errno("write D-Bus message", ENOMEM);
    const Message reply = TRY(bus.call(message));
    const char* path = nullptr;
    if (!::dbus_message_get_args(reply.get(), nullptr, type::kObjectPath, &path, type::kEnd))
        return fail(ErrorKind::System, "systemd's reply names no unit");
    return std::string(path);
}

Result<Value> read_property(const Bus& bus, const std::string& path, const std::string& name) {
    const Message question = TRY(scope_property_call(path, name.c_str()));
    const Message reply = TRY(bus.call(question));
    ::DBusMessageIter at{};
    ::DBusMessageIter inner{};
    if (::dbus_message_iter_init(reply.get(), &at) &&
        ::dbus_message_iter_get_arg_type(&at) == type::kVariant) {
        ::dbus_message_iter_recurse(&at, &inner);
        if (auto value = value_at(inner)) return *std::move(value);
    }
    return fail(ErrorKind::System, concat("systemd's ", name, " is of another type"));
}

/// systemd adds to a list, unless it is told an empty one.
void add_as_whole(const std::string& name, Value value, std::vector<plan::UnitProperty>& out) {
    if (std::holds_alternative<Pairs>(value)) out.push_back({name, Pairs{}});
    if (std::holds_alternative<Rates>(value)) out.push_back({name, Rates{}});
    out.push_back({name, std::move(value)});
}

}  // namespace

Result<plan::ChangeScope> current(const plan::ChangeScope& step) {
    const auto attempt = [&]() -> Result<plan::ChangeScope> {
        const Bus bus = TRY(Bus::connect(step.scope.manager));
        const std::string path = TRY(path_of(bus, step.scope.unit));
        plan::ChangeScope now{.scope = step.scope, .properties = {}};
        for (const auto& [name, value] : step.properties)
            if (std::ranges::find(now.properties, name, &plan::UnitProperty::name) ==
                now.properties.end())
                add_as_whole(name, TRY(read_property(bus, path, name)), now.properties);
        return now;
    };
    auto now = attempt();
    if (now) return now;
    return std::unexpected(
        with_context(std::move(now).error(), concat("change scope ", step.scope.unit)));
}

}  // namespace cleat::cgroup
