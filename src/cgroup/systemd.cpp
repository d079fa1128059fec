// Room: cgroup. The container's scope: asked for, changed and stopped over D-Bus
// (org.freedesktop.systemd1(5)); host process.
#include <type_traits>
#include <variant>

#include "bus.hpp"
#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::cgroup {
namespace {

/// Appends to a message; out of memory is remembered and told once, at the end.
class Writer {
 public:
    explicit Writer(const Message& message) {
        ::dbus_message_iter_init_append(message.get(), &at_);
    }

    void text(const std::string& value) {
        const char* pointer = value.c_str();
        basic(type::kText, &pointer);
    }
    void basic(int type, const void* value) {
        good_ = good_ && ::dbus_message_iter_append_basic(&at_, type, value);
    }
    /// What `body` writes goes into a container: array, struct or variant.
    template <class Body>
    void inside(int type, const char* signature, Body body) {
        ::DBusMessageIter outer = at_;
        ::DBusMessageIter inner{};
        good_ = good_ && ::dbus_message_iter_open_container(&outer, type, signature, &inner);
        if (!good_) return;
        at_ = inner;
        body();
        inner = at_;
        good_ = ::dbus_message_iter_close_container(&outer, &inner) && good_;
        at_ = outer;
    }
    [[nodiscard]] Result<void> finish() const {
        return good_ ? Result<void>{} : fail_errno("write D-Bus message", ENOMEM);
    }

 private:
    ::DBusMessageIter at_{};
    bool good_ = true;
};

const char* signature_of(const plan::UnitProperty& property) {
    // In the order of the alternatives of UnitProperty::value.
    static constexpr const char* kSignatures[] = {"b",  "i",  "u",     "t",    "s",
                                                  "as", "ay", "a(ss)", "a(st)"};
    return kSignatures[property.value.index()];
}

struct ValueWriter {
    Writer& to;

    void operator()(bool value) const {
        const dbus_bool_t wide = value ? TRUE : FALSE;
        to.basic(type::kBoolean, &wide);
    }
    void operator()(std::int32_t value) const { to.basic(type::kInt32, &value); }
    void operator()(std::uint32_t value) const { to.basic(type::kUint32, &value); }
    void operator()(std::uint64_t value) const { to.basic(type::kUint64, &value); }
    void operator()(const std::string& value) const { to.text(value); }
    void operator()(const std::vector<std::string>& values) const {
        to.inside(type::kArray, "s", [&] {
            for (const auto& value : values) to.text(value);
        });
    }
    void operator()(const std::vector<std::uint8_t>& bytes) const {
        to.inside(type::kArray, "y", [&] {
            for (const auto byte : bytes) to.basic(type::kByte, &byte);
        });
    }
    template <class Second>
    void operator()(const std::vector<std::pair<std::string, Second>>& items) const {
        constexpr bool kTexts = std::is_same_v<Second, std::string>;
        to.inside(type::kArray, kTexts ? "(ss)" : "(st)", [&] {
            for (const auto& [first, second] : items)
                to.inside(type::kStruct, nullptr, [&] {
                    to.text(first);
                    (*this)(second);
                });
        });
    }
};

void write_property(Writer& to, const plan::UnitProperty& property) {
    to.inside(type::kStruct, nullptr, [&] {
        to.text(property.name);
        to.inside(type::kVariant, signature_of(property),
                  [&] { std::visit(ValueWriter{to}, property.value); });
    });
}

/// The scope is born with a process in it: PIDs.
void write_properties(Writer& to, const std::vector<plan::UnitProperty>& properties,
                      std::optional<std::uint32_t> pid) {
    to.inside(type::kArray, "(sv)", [&] {
        for (const auto& property : properties) write_property(to, property);
        if (!pid) return;
        to.inside(type::kStruct, nullptr, [&] {
            to.text("PIDs");
            to.inside(type::kVariant, "au", [&] {
                to.inside(type::kArray, "u", [&] { to.basic(type::kUint32, &*pid); });
            });
        });
    });
}

Result<std::string> job_of(const Message& reply) {
    const char* job = nullptr;
    if (!::dbus_message_get_args(reply.get(), nullptr, type::kObjectPath, &job, type::kEnd))
        return fail(ErrorKind::System, "systemd's reply names no job");
    return std::string(job);
}

Result<Message> call_for_unit(const Bus& bus, const char* method,
                              const std::vector<std::string>& texts) {
    const Message message = TRY(manager_call(method));
    Writer writer(message);
    for (const auto& text : texts) writer.text(text);
    TRY(writer.finish());
    return bus.call(message);
}

Result<void> await_start(const Bus& bus, const Message& reply) {
    const std::string job = TRY(job_of(reply));
    const std::string result = TRY(bus.await_job(job));
    if (result == "done") return {};
    return fail(ErrorKind::System, concat("systemd's job ended as ", quoted(result)));
}

Result<void> start(const Bus& bus, const plan::StartScope& step, pid_t stand_in) {
    TRY(bus.listen_to_jobs());
    const Message message = TRY(manager_call("StartTransientUnit"));
    Writer writer(message);
    writer.text(step.scope.unit);
    writer.text("fail");  // if there is such a unit already
    write_properties(writer, step.properties, static_cast<std::uint32_t>(stand_in));
    writer.inside(type::kArray, "(sa(sv))", [] {});  // no auxiliary units
    TRY(writer.finish());
    const Message reply = TRY(bus.call(message));
    auto begun = await_start(bus, reply);
    // From here on the unit is ours; before, one of this name would be somebody else's.
    if (!begun) static_cast<void>(call_for_unit(bus, "StopUnit", {step.scope.unit, "replace"}));
    return begun;
}

/// Before version 252 systemd refuses a weight that means cpu.idle, and leaves that file alone.
/// Whether there was such a one.
bool forget_idle(std::vector<plan::UnitProperty>& properties) {
    return std::erase_if(properties, [](const plan::UnitProperty& property) {
               const auto* weight = std::get_if<std::uint64_t>(&property.value);
               return property.name == "CPUWeight" && weight != nullptr && *weight == 0;
           }) > 0;
}

Result<void> change(const Bus& bus, const plan::ChangeScope& step) {
    const Message message = TRY(manager_call("SetUnitProperties"));
    Writer writer(message);
    writer.text(step.scope.unit);
    const dbus_bool_t runtime = TRUE;
    writer.basic(type::kBoolean, &runtime);
    write_properties(writer, step.properties, std::nullopt);
    TRY(writer.finish());
    TRY(bus.call(message));
    return {};
}

bool is_not_loaded(const Error& error) {
    return error.what.find("org.freedesktop.systemd1.NoSuchUnit") != std::string::npos;
}

/// Out of patience; whoever does not answer one call answers no other.
bool is_silence(const Error& error) {
    return error.what.find("org.freedesktop.DBus.Error.NoReply") != std::string::npos;
}

template <class T>
Result<T> about(Result<T> result, const plan::Scope& scope, std::string_view verb) {
    if (result) return result;
    return std::unexpected(
        with_context(std::move(result).error(), concat(verb, " scope ", scope.unit)));
}

}  // namespace

Result<void> start_scope(const plan::StartScope& step, pid_t stand_in) {
    const auto attempt = [&]() -> Result<void> {
        const Bus bus = TRY(Bus::connect(step.scope.manager));
        // A scope of that name that failed once would be in the way for ever.
        const auto reset = call_for_unit(bus, "ResetFailedUnit", {step.scope.unit});
        if (!reset && is_silence(reset.error())) return std::unexpected(reset.error());
        auto started = start(bus, step, stand_in);
        auto older = step;
        if (!started && forget_idle(older.properties)) started = start(bus, older, stand_in);
        return started;
    };
    return about(attempt(), step.scope, "start");
}

Result<void> change_scope(const plan::ChangeScope& step) {
    const auto attempt = [&]() -> Result<void> {
        const Bus bus = TRY(Bus::connect(step.scope.manager));
        auto changed = change(bus, step);
        auto older = step;
        if (!changed && forget_idle(older.properties)) changed = change(bus, older);
        return changed;
    };
    return about(attempt(), step.scope, "change");
}

Result<void> attach_to_scope(const plan::Scope& scope, pid_t pid) {
    const auto attempt = [&]() -> Result<void> {
        const Bus bus = TRY(Bus::connect(scope.manager));
        const Message message = TRY(manager_call("AttachProcessesToUnit"));
        const auto number = static_cast<std::uint32_t>(pid);
        Writer writer(message);
        writer.text(scope.unit);
        writer.text("");  // no cgroup below the unit's
        writer.inside(type::kArray, "u", [&] { writer.basic(type::kUint32, &number); });
        TRY(writer.finish());
        TRY(bus.call(message));
        return {};
    };
    return about(attempt(), scope, "move a process into");
}

Result<void> stop_scope(const plan::Scope& scope) {
    const auto attempt = [&]() -> Result<void> {
        const Bus bus = TRY(Bus::connect(scope.manager));
        TRY(bus.listen_to_jobs());
        const auto reply = call_for_unit(bus, "StopUnit", {scope.unit, "replace"});
        if (!reply && !is_not_loaded(reply.error())) return std::unexpected(reply.error());
        if (reply) {
            const std::string job = TRY(job_of(*reply));
            TRY(bus.await_job(job));
        }
        static_cast<void>(call_for_unit(bus, "ResetFailedUnit", {scope.unit}));
        return {};
    };
    return about(attempt(), scope, "stop");
}

}  // namespace cleat::cgroup
