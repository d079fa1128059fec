// Room: lifecycle. What is on disk of a container that is being made: by create and run, or by
// restore.
#pragma once

#include <utility>

#include "birth.hpp"
#include "cleat/base/error.hpp"
#include "cleat/store/store.hpp"

namespace cleat::lifecycle {

/// The entry of an id that was just taken; given back unless kept.
class Reservation {
 public:
    [[nodiscard]] static Result<Reservation> make(const Settings& settings, const ContainerId& id) {
        store::Store store(settings.root);
        auto entry = TRY(store.reserve(id));
        return Reservation(std::move(store), id, std::move(entry));
    }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    Reservation(Reservation&& other) noexcept
        : store_(std::move(other.store_)),
          id_(std::move(other.id_)),
          entry_(std::move(other.entry_)),
          kept_(std::exchange(other.kept_, true)) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
        if (!kept_) static_cast<void>(store_.discard(id_, entry_));
    }
    [[nodiscard]] const store::Entry& entry() const noexcept { return entry_; }
    [[nodiscard]] store::Entry keep() noexcept {
        kept_ = true;
        return std::move(entry_);
    }

 private:
    Reservation(store::Store store, ContainerId id, store::Entry entry)
        : store_(std::move(store)), id_(std::move(id)), entry_(std::move(entry)) {}
    store::Store store_;
    ContainerId id_;
    store::Entry entry_;
    bool kept_ = false;
};

/// All of the state but who init is and where it lives.
[[nodiscard]] store::State first_state(const Prepared& prepared, const CreateOptions& options);

/// What must be known to undo what this process is about to do.
[[nodiscard]] Result<store::Intent> intent_of(const plan::Plan& plan);

/// All of a container that is known before it is there; `state` has the init.
[[nodiscard]] Result<void> stage(const store::Entry& entry, const Config& config,
                                 const store::State& state);
/// The container is there once state.json is: what the caller waits for comes before it.
[[nodiscard]] Result<void> commit(const store::Entry& entry, const CreateOptions& options,
                                  const store::State& state);

}  // namespace cleat::lifecycle
