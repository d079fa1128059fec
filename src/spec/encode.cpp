// Room: spec. Types to JSON text, by the same tables that read them.
#include <string>

#include "bind.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::spec {
namespace {

class Writer {
 public:
    [[nodiscard]] std::string take() { return std::move(out_); }

    template <Described T>
    void write(const T& value) {
        open('{');
        std::apply([&](const auto&... field) { (write_field(value, field), ...); },
                   Table<T>::kFields);
        close('}');
    }
    template <Worded T>
    void write(const T& value) {
        out_ += quoted(name_of(value));
    }
    template <StrongId T>
    void write(const T& value) {
        out_ += concat(value.value);
    }
    void write(const std::string& value) { out_ += quoted(value); }
    void write(bool value) { out_ += value ? "true" : "false"; }
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void write(T value) {
        out_ += concat(value);
    }
    template <class T>
    void write(const std::vector<T>& values) {
        open('[');
        for (const auto& value : values) {
            next();
            write(value);
        }
        close(']');
    }
    template <class T>
    void write(const std::map<std::string, T>& values) {
        open('{');
        for (const auto& [name, value] : values) {
            next();
            out_ += concat(quoted(name), ": ");
            write(value);
        }
        close('}');
    }
    template <class T>
    void write(const std::optional<T>& value) {
        write(*value);
    }

 private:
    static constexpr int kIndent = 4;

    template <class T>
    static bool absent(const T& value) {
        if constexpr (requires { value.has_value(); })
            return !value.has_value();
        else if constexpr (requires { value.empty(); })
            return value.empty();
        else if constexpr (std::same_as<T, bool>)
            return !value;
        else if constexpr (std::same_as<T, Linux>)
            return std::apply(
                [&](const auto&... field) { return (absent(value.*(field.member)) && ...); },
                Table<T>::kFields);
        else
            return false;
    }

    template <class Owner, class Member>
    void write_field(const Owner& owner, const Field<Owner, Member>& field) {
        const auto& value = owner.*(field.member);
        if (absent(value) && field.presence == Presence::Optional) return;
        next();
        out_ += concat(quoted(field.name), ": ");
        write(value);
    }

    void open(char bracket) {
        out_ += bracket;
        ++depth_;
        fresh_ = true;
    }
    void close(char bracket) {
        --depth_;
        if (!fresh_) new_line();
        fresh_ = false;
        out_ += bracket;
    }
    void next() {
        if (!fresh_) out_ += ',';
        fresh_ = false;
        new_line();
    }
    void new_line() {
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth_ * kIndent), ' ');
    }

    std::string out_;
    int depth_ = 0;
    bool fresh_ = true;
};

}  // namespace

std::string encode_config(const Spec& spec) {
    Writer writer;
    writer.write(spec);
    return writer.take() + "\n";
}

}  // namespace cleat::spec
